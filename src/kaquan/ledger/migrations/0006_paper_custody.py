"""Runs of serials know where the paper of their vouchers is; its movements are found by batch."""

from django.db import migrations

SQL = """
ALTER TABLE ledger_custody
    ADD COLUMN piece smallint NOT NULL DEFAULT 0 CHECK (piece BETWEEN 0 AND 9),
    ADD COLUMN hand_out_first boolean NOT NULL DEFAULT false;
CREATE INDEX ledger_entry_paper ON ledger_entry (batch_id, block, index) WHERE operation = 22;
"""
UNDO = """
DROP INDEX ledger_entry_paper;
ALTER TABLE ledger_custody DROP COLUMN piece, DROP COLUMN hand_out_first;
"""


class Migration(migrations.Migration):
    """Nothing that was booked before changes its meaning: 0 is paper that nobody counts."""

    dependencies = [("ledger", "0005_new_rows")]
    operations = [migrations.RunSQL(SQL, UNDO)]
