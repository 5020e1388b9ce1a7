"""Views that are exported by themselves."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """No view is, until somebody says so."""

    dependencies = [("saved_views", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="savedview",
            name="every",
            field=models.CharField(
                blank=True,
                choices=[("day", "每天"), ("week", "每周一"), ("month", "每月 1 日")],
                default="",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="next_export_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="savedview", name="acting_in", field=models.IntegerField(null=True)
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.CheckConstraint(
                condition=models.Q(("every", ""), ("next_export_at__isnull", True))
                | models.Q(
                    ("every__in", ["day", "week", "month"]), ("next_export_at__isnull", False)
                ),
                name="saved_views_savedview_every",
            ),
        ),
        migrations.AddIndex(
            model_name="savedview",
            index=models.Index(
                condition=models.Q(("next_export_at__isnull", False)),
                fields=["next_export_at"],
                name="saved_views_savedview_next",
            ),
        ),
    ]
