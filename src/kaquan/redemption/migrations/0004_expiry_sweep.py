import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_initial"),
        ("redemption", "0003_care_limits_and_bulk"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExpirySweep",
            fields=[
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="expiry_sweep",
                        serialize=False,
                        to="campaigns.campaignbatch",
                    ),
                ),
                ("through", models.DateTimeField()),
                ("under_way", models.BooleanField()),
                ("after_serial", models.BigIntegerField(default=-1)),
                ("booked_count", models.BigIntegerField(default=0)),
            ],
            options={
                "db_table": "redemption_expirysweep",
                "indexes": [
                    models.Index(fields=["through"], name="redemption_expirysweep_through")
                ],
            },
        ),
    ]
