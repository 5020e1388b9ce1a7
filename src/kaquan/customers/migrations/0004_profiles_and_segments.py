"""Profiles: identities, consents, notes, tasks, what customers do, and segments."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import kaquan.foundation.encrypted_fields

Sealed = kaquan.foundation.encrypted_fields.EncryptedTextField

#: A customer of before is a member since the first order that we know of.
_JOINED = """
UPDATE customers_customer SET joined_at = least(joined_at, first_order_at)
WHERE first_order_at IS NOT NULL
"""


def _of_customer(name: str) -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=name, to="customers.customer"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0003_finders"),
        ("organisations", "0002_clerks_and_terminals"),
    ]

    operations = [
        migrations.AddField("customer", "merged_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "customer",
            "joined_at",
            models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField("customer", "birthday", Sealed(null=True)),
        migrations.AddField("customer", "birth_month", models.SmallIntegerField(null=True)),
        migrations.AddField(
            "customer",
            "consents",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32),
                db_default=[],
                default=list,
                size=None,
            ),
        ),
        migrations.RunSQL(_JOINED, migrations.RunSQL.noop),
        migrations.AddIndex(
            "customer", models.Index(fields=["organisation", "id"], name="customers_customer_of")
        ),
        migrations.RemoveConstraint("customer", "customers_customer_erased"),
        migrations.AddConstraint(
            "customer",
            models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(
                        ("birth_month__isnull", True),
                        ("birthday__isnull", True),
                        ("consents", []),
                        ("finders", []),
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
        migrations.AddConstraint(
            "customer",
            models.CheckConstraint(
                condition=models.Q(
                    ("birth_month__isnull", True),
                    models.Q(("birth_month__gte", 1), ("birth_month__lte", 12)),
                    _connector="OR",
                ),
                name="customers_customer_birth_month",
            ),
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("wechat", "微信 OpenID"),
                            ("alipay", "支付宝用户号"),
                            ("phone", "其他手机号"),
                            ("other", "其他系统的编号"),
                        ],
                        max_length=16,
                    ),
                ),
                ("value", Sealed()),
                ("value_index", models.BinaryField()),
                ("added_at", models.DateTimeField()),
                ("added_by", models.CharField(max_length=200)),
                ("customer", _of_customer("identities")),
            ],
            options={
                "db_table": "customers_identity",
                "indexes": [models.Index(fields=["value_index"], name="customers_identity_value")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "phone"), _negated=True),
                        fields=("kind", "value_index"),
                        name="customers_identity_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("marketing_sms", "短信营销"),
                            ("marketing_wechat", "微信消息营销"),
                            ("marketing_call", "电话营销"),
                            ("profiling", "个性化推荐"),
                            ("sharing", "与合作方共享"),
                        ],
                        max_length=32,
                    ),
                ),
                ("given", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("source", models.CharField(max_length=64)),
                ("text_version", models.CharField(max_length=64)),
                ("kept_by", models.CharField(max_length=200)),
                ("customer", _of_customer("consent_records")),
            ],
            options={
                "db_table": "customers_consent",
                "indexes": [models.Index(fields=["customer", "-id"], name="customers_consent_of")],
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("text", Sealed()),
                ("at", models.DateTimeField()),
                ("author_id", models.CharField(max_length=100)),
                ("author_name", models.CharField(max_length=200)),
                ("customer", _of_customer("notes")),
            ],
            options={
                "db_table": "customers_note",
                "indexes": [models.Index(fields=["customer", "-id"], name="customers_note_of")],
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("title", Sealed()),
                ("due_on", models.DateField()),
                ("assignee_id", models.CharField(blank=True, max_length=100)),
                ("assignee_name", models.CharField(blank=True, max_length=200)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=200)),
                ("done_at", models.DateTimeField(null=True)),
                ("done_by", models.CharField(blank=True, max_length=200)),
                ("outcome", Sealed(null=True)),
                ("customer", _of_customer("tasks")),
            ],
            options={
                "db_table": "customers_task",
                "indexes": [
                    models.Index(fields=["customer", "-id"], name="customers_task_of"),
                    models.Index(fields=["due_on", "id"], name="customers_task_due"),
                    models.Index(
                        condition=models.Q(("done_at__isnull", True)),
                        fields=["assignee_id", "due_on", "id"],
                        name="customers_task_assignee",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Uses",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="uses",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                ("uses", models.IntegerField()),
                ("discount_fen", models.BigIntegerField()),
                ("last_used_at", models.DateTimeField()),
            ],
            options={"db_table": "customers_uses"},
        ),
        migrations.CreateModel(
            name="BearerUse",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer_id",
                        "block",
                        "index",
                        "serial",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("customer_id", models.BigIntegerField()),
                ("block", models.BigIntegerField()),
                ("serial", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("index", models.IntegerField()),
            ],
            options={
                "db_table": "customers_bearer_use",
                "indexes": [
                    models.Index(fields=["customer_id", "-at"], name="customers_bearer_use_last")
                ],
            },
        ),
        migrations.CreateModel(
            name="Purchases",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="purchases",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                ("orders", models.IntegerField()),
                ("spend_fen", models.BigIntegerField()),
                ("last_ordered_at", models.DateTimeField()),
            ],
            options={"db_table": "customers_purchases"},
        ),
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=100)),
                ("conditions", models.JSONField()),
                ("in_offers", models.BooleanField(default=False)),
                ("active", models.BooleanField(default=True)),
                ("revision", models.IntegerField(default=1)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=200)),
                ("changed_at", models.DateTimeField()),
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
                "db_table": "customers_segment",
                "indexes": [models.Index(fields=["name", "id"], name="customers_segment_name")],
                "constraints": [
                    models.UniqueConstraint(fields=("code",), name="customers_segment_code"),
                    models.CheckConstraint(
                        condition=models.Q(("active", True), ("in_offers", False), _connector="OR"),
                        name="customers_segment_in_use",
                    ),
                ],
            },
        ),
    ]
