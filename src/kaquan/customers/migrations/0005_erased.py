"""An index for customers that were erased."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """They are few among a million; whoever was not erased costs nothing in it."""

    dependencies = [("customers", "0004_profiles_and_segments")]
    operations = [
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                fields=["id"],
                condition=models.Q(erased_at__isnull=False),
                name="customers_customer_gone",
            ),
        )
    ]
