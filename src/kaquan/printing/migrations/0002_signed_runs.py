"""What the signed codes of a run say."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("printing", "0001_initial")]

    operations = [
        migrations.AddField("printrun", "signed", models.JSONField(null=True)),
    ]
