from typing import Any

import django.db.models.deletion
from django.db import migrations, models

LIMITS = (
    # role, most fen at once, days after a use, times a day
    ("head_operations", 500_000, 180, 500),
    ("regional_operations", 100_000, 30, 200),
    ("store_manager", 20_000, 7, 30),
    ("", 20_000, 7, 30),
)


def write_limits(apps: Any, schema_editor: Any) -> None:
    """What holds until somebody decides otherwise."""
    limits = apps.get_model("redemption", "CareLimit").objects
    for role_code, amount_fen, days, number in LIMITS:
        limits.using(schema_editor.connection.alias).create(
            role_code=role_code,
            amount_fen_max=amount_fen,
            days_after_use_max=days,
            number_a_day_max=number,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0001_initial"),
        ("redemption", "0002_publication"),
    ]

    operations = [
        migrations.CreateModel(
            name="CareLimit",
            fields=[
                (
                    "role_code",
                    models.CharField(max_length=64, primary_key=True, serialize=False),
                ),
                ("amount_fen_max", models.BigIntegerField(null=True)),
                ("days_after_use_max", models.IntegerField(null=True)),
                ("number_a_day_max", models.IntegerField(null=True)),
            ],
            options={
                "db_table": "redemption_carelimit",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount_fen_max__isnull", True),
                                ("amount_fen_max__gte", 0),
                                _connector="OR",
                            ),
                            models.Q(
                                ("days_after_use_max__isnull", True),
                                ("days_after_use_max__gte", 0),
                                _connector="OR",
                            ),
                            models.Q(
                                ("number_a_day_max__isnull", True),
                                ("number_a_day_max__gte", 0),
                                _connector="OR",
                            ),
                        ),
                        name="redemption_carelimit_bounds",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CareDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "actor_id",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("actor_id", models.CharField(max_length=100)),
                ("day", models.DateField()),
                ("number", models.IntegerField()),
            ],
            options={
                "db_table": "redemption_careday",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 0)), name="redemption_careday_number"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BulkCare",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("operation", models.CharField(max_length=16)),
                ("reason", models.CharField(max_length=1000)),
                ("valid_until", models.DateTimeField(null=True)),
                ("file_name", models.CharField(max_length=200)),
                ("digest", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "核对中"),
                            ("checked", "待执行"),
                            ("waiting", "待审批"),
                            ("working", "执行中"),
                            ("done", "已完成"),
                            ("unreadable", "无法读取"),
                            ("dropped", "已放弃"),
                        ],
                        default="checking",
                        max_length=16,
                    ),
                ),
                ("actor", models.JSONField()),
                ("made_by", models.CharField(max_length=100)),
                ("made_by_name", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("job_id", models.UUIDField(null=True)),
                ("approval_id", models.BigIntegerField(null=True)),
                ("row_count", models.IntegerField(default=0)),
                ("doable_count", models.IntegerField(default=0)),
                ("stake_fen", models.BigIntegerField(default=0)),
                ("done_count", models.IntegerField(default=0)),
                ("refused_count", models.IntegerField(default=0)),
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
                "db_table": "redemption_bulkcare",
                "indexes": [models.Index(fields=["digest"], name="redemption_bulkcare_digest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "checking",
                                    "checked",
                                    "waiting",
                                    "working",
                                    "done",
                                    "unreadable",
                                    "dropped",
                                ],
                            )
                        ),
                        name="redemption_bulkcare_state",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BulkCareRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "bulk_id",
                        "row_number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("row_number", models.IntegerField()),
                ("serial", models.BigIntegerField(null=True)),
                ("stake_fen", models.BigIntegerField(default=0)),
                ("planned", models.CharField(max_length=64)),
                ("planned_zh", models.TextField(blank=True)),
                ("planned_en", models.TextField(blank=True)),
                ("outcome", models.CharField(blank=True, max_length=64)),
                ("outcome_zh", models.TextField(blank=True)),
                ("outcome_en", models.TextField(blank=True)),
                (
                    "bulk",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="redemption.bulkcare",
                    ),
                ),
            ],
            options={"db_table": "redemption_bulkcarerow"},
        ),
        migrations.RunPython(write_limits, migrations.RunPython.noop),
    ]
