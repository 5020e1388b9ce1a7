import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("customers", "0001_initial"),
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_no",
                        "store_id",
                        "line_no",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("order_no", models.CharField(max_length=64)),
                ("store_id", models.IntegerField()),
                ("line_no", models.IntegerField()),
                ("quantity", models.IntegerField()),
                ("amount_fen", models.BigIntegerField()),
                ("discount_fen", models.BigIntegerField()),
                ("sku", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "redemption_orderline",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quantity__gte", 0),
                            ("amount_fen__gte", 0),
                            ("discount_fen__gte", 0),
                            ("discount_fen__lte", models.F("amount_fen")),
                        ),
                        name="redemption_orderline_amounts",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "order_no",
                        "store_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("order_no", models.CharField(max_length=64)),
                ("ordered_at", models.DateTimeField()),
                ("total_fen", models.BigIntegerField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.store",
                    ),
                ),
            ],
            options={
                "db_table": "redemption_order",
                "indexes": [
                    models.Index(
                        fields=["customer", "ordered_at"], name="redemption_order_customer"
                    ),
                    models.Index(fields=["store", "ordered_at"], name="redemption_order_store"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("total_fen__gte", 0)), name="redemption_order_total"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE redemption_orderline ADD CONSTRAINT redemption_orderline_order"
            " FOREIGN KEY (order_no, store_id) REFERENCES redemption_order (order_no, store_id)",
            "ALTER TABLE redemption_orderline DROP CONSTRAINT redemption_orderline_order",
        ),
    ]
