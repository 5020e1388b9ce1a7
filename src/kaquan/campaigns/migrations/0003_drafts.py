import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Campaigns that are being written, and templates to begin from."""

    dependencies = [
        ("campaigns", "0002_stages"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="CampaignDraft",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, max_length=100)),
                ("is_template", models.BooleanField(default=False)),
                ("maker", models.CharField(max_length=100)),
                ("maker_name", models.CharField(max_length=200)),
                ("content", models.JSONField(default=dict)),
                ("touched", models.JSONField(default=dict)),
                ("step", models.CharField(max_length=16)),
                ("revision", models.IntegerField(default=1)),
                ("changed_by_name", models.CharField(max_length=200)),
                ("changed_at", models.DateTimeField()),
                (
                    "campaign",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="draft",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
            ],
            options={
                "db_table": "campaigns_draft",
                "indexes": [
                    models.Index(fields=["is_template", "id"], name="campaigns_draft_newest")
                ],
            },
        ),
    ]
