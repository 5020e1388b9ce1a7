"""An index for the changes of one kind, the latest first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A kind that nothing was changed of for long made the list walk through all of the log."""

    dependencies = [("changes", "0002_chain")]
    operations = [
        migrations.AddIndex(
            model_name="change",
            index=models.Index(fields=["kind", "id"], name="changes_change_kind"),
        )
    ]
