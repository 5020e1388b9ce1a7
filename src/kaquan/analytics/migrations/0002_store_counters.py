"""Counters by store. The others begin anew with them: all is counted again from the books."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_counters")]

    operations = [
        migrations.CreateModel(
            name="StoreCounter",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day",
                        "store_id",
                        "name",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("store_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=64)),
                ("value", models.BigIntegerField()),
            ],
            options={
                "db_table": "analytics_storecounter",
                "indexes": [
                    models.Index(fields=["store_id", "day"], name="analytics_storecounter_store")
                ],
            },
        ),
        migrations.RunSQL(
            "DELETE FROM analytics_counter; DELETE FROM analytics_event;",
            migrations.RunSQL.noop,
        ),
    ]
