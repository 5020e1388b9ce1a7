import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Clerk",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("staff_no", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=100)),
                ("active", models.BooleanField(default=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clerks",
                        to="organisations.organisation",
                    ),
                ),
            ],
            options={
                "db_table": "organisations_clerk",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("staff_no",), name="organisations_clerk_staff_no"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Terminal",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=64)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("till", "收银机"),
                            ("handheld", "手持机"),
                            ("phone", "店员手机"),
                            ("kiosk", "自助机"),
                        ],
                        max_length=16,
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("last_seen_at", models.DateTimeField(null=True)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="terminals",
                        to="organisations.store",
                    ),
                ),
            ],
            options={
                "db_table": "organisations_terminal",
                "constraints": [
                    models.UniqueConstraint(fields=("code",), name="organisations_terminal_code"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["till", "handheld", "phone", "kiosk"])),
                        name="organisations_terminal_kind",
                    ),
                ],
            },
        ),
    ]
