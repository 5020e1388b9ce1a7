from django.db import migrations, models


class Migration(migrations.Migration):
    """What an offer looks like to whoever holds a voucher of it."""

    dependencies = [("offers", "0002_product_revision")]

    operations = [
        migrations.AddField(
            model_name="offer",
            name="face",
            field=models.JSONField(default=dict),
        ),
    ]
