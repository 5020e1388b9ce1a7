from django.db import migrations, models


class Migration(migrations.Migration):
    """Versions that better what an older one issued are not what new batches are opened under."""

    dependencies = [("offers", "0003_offer_face")]

    operations = [
        migrations.AddField(
            model_name="offerversion",
            name="is_aside",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
