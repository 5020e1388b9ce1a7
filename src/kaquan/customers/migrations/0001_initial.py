import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import kaquan.foundation.encrypted_fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.CharField(max_length=64)),
                ("name", kaquan.foundation.encrypted_fields.EncryptedTextField(null=True)),
                ("phone", kaquan.foundation.encrypted_fields.EncryptedTextField(null=True)),
                ("phone_index", models.BinaryField(null=True)),
                ("person_id", models.BigIntegerField()),
                (
                    "person_basis",
                    models.SmallIntegerField(choices=[(0, "会员号"), (1, "手机号"), (2, "证件号")]),
                ),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("first_order_at", models.DateTimeField(null=True)),
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
                "db_table": "customers_customer",
                "indexes": [
                    models.Index(fields=["phone_index"], name="customers_customer_phone"),
                    models.Index(fields=["person_id"], name="customers_customer_person_id"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["tags"], name="customers_customer_tags"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("number",), name="customers_customer_number"),
                    models.CheckConstraint(
                        condition=models.Q(("person_id__gt", 0)), name="customers_customer_person"
                    ),
                ],
            },
        ),
    ]
