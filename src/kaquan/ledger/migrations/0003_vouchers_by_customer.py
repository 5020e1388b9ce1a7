"""An index for the vouchers of one customer: which of them would apply to a cart."""

from django.db import migrations

SQL = """
CREATE INDEX ledger_voucher_customer ON ledger_voucher (customer_id) WHERE customer_id IS NOT NULL;
"""


class Migration(migrations.Migration):
    """Vouchers that nobody holds by name, most of those on paper, cost nothing in it."""

    dependencies = [("ledger", "0002_known_keys")]
    operations = [migrations.RunSQL(SQL, "DROP INDEX ledger_voucher_customer")]
