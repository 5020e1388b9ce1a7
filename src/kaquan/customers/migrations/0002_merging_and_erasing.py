import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0001_initial"),
        ("organisations", "0002_clerks_and_terminals"),
    ]

    operations = [
        migrations.CreateModel(
            name="ErasureRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "已申请"),
                            ("done", "已删除"),
                            ("withdrawn", "已撤回"),
                        ],
                        default="requested",
                        max_length=16,
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("requested_by", models.CharField(max_length=100)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=100)),
            ],
            options={
                "db_table": "customers_erasure_request",
            },
        ),
        migrations.AddField(
            model_name="customer",
            name="erased_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="customer",
            name="merged_into",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="customers.customer",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged_into", models.F("id")), _negated=True),
                name="customers_customer_merge",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(
                        ("name__isnull", True),
                        ("phone__isnull", True),
                        ("phone_index__isnull", True),
                        ("tags", []),
                    ),
                    _connector="OR",
                ),
                name="customers_customer_erased",
            ),
        ),
        migrations.AddField(
            model_name="erasurerequest",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="erasure_requests",
                to="customers.customer",
            ),
        ),
        migrations.AddConstraint(
            model_name="erasurerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "requested")),
                fields=("customer",),
                name="customers_erasure_request_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="erasurerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["requested", "done", "withdrawn"])),
                name="customers_erasure_request_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="erasurerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state", "requested")),
                    models.Q(
                        models.Q(("state", "requested"), _negated=True), ("ended_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="customers_erasure_request_ended",
            ),
        ),
    ]
