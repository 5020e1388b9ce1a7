import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_initial"),
        ("redemption", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Publication",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("created_at", models.DateTimeField()),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="publications",
                        to="campaigns.campaignbatch",
                    ),
                ),
            ],
            options={
                "db_table": "redemption_publication",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("batch", "name"), name="redemption_publication_name"
                    )
                ],
            },
        ),
    ]
