import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("head_office", "总部"),
                            ("region", "大区"),
                            ("province", "省"),
                            ("city", "市"),
                            ("store", "门店"),
                        ],
                        max_length=16,
                    ),
                ),
                ("path", models.TextField(db_collation="C")),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="organisations.organisation",
                    ),
                ),
            ],
            options={
                "db_table": "organisations_organisation",
            },
        ),
        migrations.CreateModel(
            name="Store",
            fields=[
                (
                    "organisation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="store",
                        serialize=False,
                        to="organisations.organisation",
                    ),
                ),
                ("address", models.CharField(blank=True, max_length=200)),
                ("province", models.CharField(blank=True, max_length=50)),
                ("city", models.CharField(blank=True, max_length=50)),
                ("open_hours", models.CharField(blank=True, max_length=100)),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "营业"), ("paused", "暂停营业"), ("closed", "已关店")],
                        default="open",
                        max_length=16,
                    ),
                ),
            ],
            options={
                "db_table": "organisations_store",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "paused", "closed"])),
                        name="organisations_store_status",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.UniqueConstraint(
                fields=("code",), name="organisations_organisation_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.UniqueConstraint(
                fields=("path",), name="organisations_organisation_path"
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "store"), _negated=True),
                fields=("parent", "name"),
                name="organisations_organisation_name_below_parent",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["head_office", "region", "province", "city", "store"])
                ),
                name="organisations_organisation_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("path__regex", "^([0-9]+\\.)+$")),
                name="organisations_organisation_path_of_ids",
            ),
        ),
    ]
