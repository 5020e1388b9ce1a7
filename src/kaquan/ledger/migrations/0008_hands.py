"""How often a voucher was passed on: a code belongs to a voucher in the hands of one holder."""

from django.db import migrations

SQL = """
-- NULL is 0, as in the other columns: it costs nothing on the many rows without it. 31 is the last
-- hand that a code can say (engine.codes). Every row is NULL now, so none has to be looked at.
ALTER TABLE ledger_voucher ADD COLUMN hand smallint;
ALTER TABLE ledger_voucher ADD CONSTRAINT ledger_voucher_hand_check
    CHECK (hand BETWEEN 1 AND 31) NOT VALID;
"""
UNDO = "ALTER TABLE ledger_voucher DROP COLUMN hand"


class Migration(migrations.Migration):
    """What was passed on before counts from nought, so that its holder's code stays good."""

    dependencies = [("ledger", "0007_better_terms")]
    operations = [migrations.RunSQL(SQL, UNDO)]
