"""Budgets below budgets, shares at which somebody is told, and budgets that are closed."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import kaquan.budgets.models


class Migration(migrations.Migration):
    dependencies = [("budgets", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="budget",
            name="parent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="children",
                to="budgets.budget",
            ),
        ),
        migrations.AddField(
            model_name="budget",
            name="path",
            field=models.TextField(blank=True, db_collation="C", default=""),
        ),
        migrations.AddField(
            model_name="budget",
            name="warn_percents",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.SmallIntegerField(),
                default=kaquan.budgets.models.usual_warnings,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="budget",
            name="closed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(
            "UPDATE budgets_budget SET path = lpad(id::text, 10, '0') || '.'",
            migrations.RunSQL.noop,
        ),
        migrations.AddIndex(
            model_name="budget",
            index=models.Index(fields=["path", "id"], name="budgets_budget_path"),
        ),
        migrations.AddIndex(
            model_name="budget",
            index=models.Index(fields=["name", "id"], name="budgets_budget_name"),
        ),
        migrations.CreateModel(
            name="BudgetAlert",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("percent", models.SmallIntegerField()),
                ("used_fen", models.BigIntegerField()),
                ("total_fen", models.BigIntegerField()),
                ("raised_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField(null=True)),
                ("seen_by", models.CharField(blank=True, default="", max_length=200)),
                (
                    "budget",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="budgets.budget",
                    ),
                ),
            ],
            options={
                "db_table": "budgets_alert",
                "indexes": [
                    models.Index(fields=["budget", "id"], name="budgets_alert_budget"),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True), ("seen_at__isnull", True)),
                        fields=["id"],
                        name="budgets_alert_waiting",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("budget", "percent"),
                        name="budgets_alert_open_once",
                    )
                ],
            },
        ),
    ]
