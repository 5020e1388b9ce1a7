"""Customers are found by the end of a phone number, by name and by its initials."""

from typing import Any

import django.contrib.postgres.indexes
from django.db import migrations, models

import kaquan.customers.finders
from kaquan.customers.finders import finders_of

ROWS = 1_000


def file_customers(apps: Any, schema_editor: Any) -> None:
    """Open each name and phone once; an erased customer has neither."""
    customer = apps.get_model("customers", "Customer")
    rows = customer.objects.using(schema_editor.connection.alias).order_by("id")
    after = 0
    while found := list(rows.filter(id__gt=after)[:ROWS]):
        for one in found:
            one.finders = finders_of(name=one.name, phone=one.phone)
        rows.bulk_update(found, ["finders"])
        after = found[-1].id


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_merging_and_erasing")]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="finders",
            field=kaquan.customers.finders.FindersField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.RunPython(file_customers, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="customer",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["finders"], name="customers_customer_finders"
            ),
        ),
        migrations.RemoveConstraint(model_name="customer", name="customers_customer_erased"),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(
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
    ]
