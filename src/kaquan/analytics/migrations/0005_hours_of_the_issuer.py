"""Counters by the hour of the whole issuer, beside those of each store."""

from django.db import migrations

SQL = """
INSERT INTO analytics_hourcounter (day, hour, store_id, name, value)
SELECT day, hour, -1, name, sum(value) FROM analytics_hourcounter WHERE store_id >= 0
GROUP BY day, hour, name;
"""
UNDO = "DELETE FROM analytics_hourcounter WHERE store_id = -1"


class Migration(migrations.Migration):
    """A nationwide issuer has a hundred thousand rows a day: too many to add up for each look."""

    dependencies = [("analytics", "0004_trade_and_accounts")]
    operations = [migrations.RunSQL(SQL, UNDO)]
