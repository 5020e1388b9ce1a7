"""Stores, channels, clerks and accounts. The others begin anew with them: all is counted again."""

from django.db import migrations, models
from django.db.models import BigIntegerField, CompositePrimaryKey


def _sums(*names: str) -> list[tuple[str, BigIntegerField]]:
    return [(name, BigIntegerField()) for name in names]


def _key(*names: str) -> CompositePrimaryKey:
    return CompositePrimaryKey(
        *names, blank=True, editable=False, primary_key=True, serialize=False
    )


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_hour_counters")]

    operations = [
        migrations.CreateModel(
            name="TradeDay",
            fields=[
                ("pk", _key("day", "store_id", "channel")),
                ("day", models.DateField()),
                ("store_id", models.BigIntegerField()),
                ("channel", models.CharField(max_length=32)),
                *_sums("issued", "redeemed", "reversed", "orders", "discount_fen", "returned_fen"),
                *_sums("cost_fen", "cost_returned_fen"),
            ],
            options={
                "db_table": "analytics_tradeday",
                "indexes": [
                    models.Index(fields=["store_id", "day"], name="analytics_tradeday_store")
                ],
            },
        ),
        migrations.CreateModel(
            name="ClerkDay",
            fields=[
                ("pk", _key("day", "store_id", "actor")),
                ("day", models.DateField()),
                ("store_id", models.BigIntegerField()),
                ("actor", models.CharField(max_length=100)),
                *_sums("orders", "redeemed", "reversed", "refused", "discount_fen"),
                *_sums("returned_fen"),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "db_table": "analytics_clerkday",
                "indexes": [
                    models.Index(fields=["store_id", "day"], name="analytics_clerkday_store")
                ],
            },
        ),
        migrations.CreateModel(
            name="AccountTotal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("account", models.SmallIntegerField()),
                ("account_id", models.BigIntegerField()),
                ("unit", models.SmallIntegerField()),
                *_sums("debited", "credited", "balance", "entries"),
            ],
            options={
                "db_table": "analytics_account",
                "indexes": [
                    models.Index(fields=["balance", "id"], name="analytics_account_by_balance"),
                    models.Index(fields=["entries", "id"], name="analytics_account_by_entries"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "account_id", "unit"), name="analytics_account_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("balance", models.F("credited") - models.F("debited"))),
                        name="analytics_account_balance",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="proofrun",
            name="asked_by",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.RunSQL(
            "DELETE FROM analytics_counter; DELETE FROM analytics_storecounter;"
            " DELETE FROM analytics_hourcounter; DELETE FROM analytics_event;",
            migrations.RunSQL.noop,
        ),
    ]
