"""A slip keeps for which hand the code on it was made."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """What was typed before is paper, and all paper is of the first hand."""

    dependencies = [("registration", "0004_photos_and_pages")]

    operations = [
        migrations.AddField("keying", "hand", models.SmallIntegerField(default=0)),
        migrations.AddField("slip", "hand", models.SmallIntegerField(default=0)),
    ]
