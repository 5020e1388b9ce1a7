import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("campaigns", "0003_drafts"),
        ("organisations", "0004_search_text"),
    ]

    operations = [
        migrations.CreateModel(
            name="PrintFace",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("layout", models.JSONField()),
                ("image", models.BinaryField(default=b"")),
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
                "db_table": "printing_face",
            },
        ),
        migrations.CreateModel(
            name="PrintRun",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("face_name", models.CharField(max_length=100)),
                ("layout", models.JSONField()),
                ("image", models.BinaryField(default=b"")),
                ("terms", models.JSONField()),
                ("quantity", models.IntegerField()),
                ("ranges", models.JSONField()),
                ("password", models.BinaryField(default=b"")),
                ("job_id", models.UUIDField(null=True)),
                ("merkle_root", models.CharField(blank=True, max_length=64)),
                ("files", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=200)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="campaigns.campaignbatch",
                    ),
                ),
            ],
            options={
                "db_table": "printing_run",
                "indexes": [models.Index(fields=["batch", "id"], name="printing_run_batch")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gt", 0)), name="printing_run_quantity"
                    )
                ],
            },
        ),
    ]
