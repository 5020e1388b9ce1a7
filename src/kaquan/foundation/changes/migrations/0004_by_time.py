"""An index for the changes of some days."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Days of which little was changed made the list walk through all of the log."""

    dependencies = [("changes", "0003_by_kind")]
    operations = [
        migrations.AddIndex(
            model_name="change", index=models.Index(fields=["at"], name="changes_change_at")
        )
    ]
