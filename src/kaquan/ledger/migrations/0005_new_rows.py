"""The rows that a block gives birth to, as types: a parameter of the door holds many of them."""

from django.db import migrations

SQL = """
CREATE TYPE ledger_new_voucher AS (
    serial bigint, last_block bigint, customer_id bigint, balance_fen bigint, committed_fen bigint,
    valid_from timestamptz, valid_until timestamptz, batch_id int, version int, shard smallint,
    last_index smallint, uses_left smallint, state smallint, holds smallint
);
CREATE TYPE ledger_new_limit AS (
    shard smallint, batch_id int, dimension smallint, subject_id bigint, day int, unit smallint,
    moment smallint, used bigint, cap bigint
);
CREATE TYPE ledger_new_request AS (key_high bigint, key_low int, block bigint, index smallint);
CREATE TYPE ledger_new_entry AS (
    index int, operation smallint, unit smallint, amount bigint, debit smallint, debit_id bigint,
    credit smallint, credit_id bigint, at timestamptz, serial bigint, version int, batch_id int,
    funder_id int, reverses_block bigint, reverses_index smallint
);
"""
UNDO = "DROP TYPE ledger_new_voucher, ledger_new_limit, ledger_new_request, ledger_new_entry"


class Migration(migrations.Migration):
    """Types apart from the tables' own, so that a column more does not break a writer at work."""

    dependencies = [("ledger", "0004_blocks_by_time")]
    operations = [migrations.RunSQL(SQL, UNDO)]
