"""Counters by the day of the whole issuer, beside those of each batch."""

from django.db import migrations, models

SQL = """
INSERT INTO analytics_daycounter (day, name, value)
SELECT day, name, sum(value) FROM analytics_counter GROUP BY day, name;
"""


class Migration(migrations.Migration):
    """A nationwide issuer has ten thousand rows a day: too many to add up for each look."""

    dependencies = [("analytics", "0005_hours_of_the_issuer")]
    operations = [
        migrations.CreateModel(
            name="DayCounter",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day",
                        "name",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("name", models.CharField(max_length=64)),
                ("value", models.BigIntegerField()),
            ],
            options={"db_table": "analytics_daycounter"},
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
