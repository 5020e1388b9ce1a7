"""Counters by the hour. They begin with what is counted from now on: the past needs none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0002_store_counters")]

    operations = [
        migrations.CreateModel(
            name="HourCounter",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day",
                        "hour",
                        "store_id",
                        "name",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("hour", models.SmallIntegerField()),
                ("store_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=64)),
                ("value", models.BigIntegerField()),
            ],
            options={"db_table": "analytics_hourcounter"},
        ),
    ]
