from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("owner", models.CharField(max_length=100)),
                ("owner_name", models.CharField(max_length=200)),
                ("screen", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(blank=True, max_length=2000)),
                ("is_default", models.BooleanField(default=False)),
                ("shared_path", models.TextField(db_collation="C", null=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={"db_table": "saved_views_savedview"},
        ),
        migrations.AddIndex(
            model_name="savedview",
            index=models.Index(
                condition=models.Q(("shared_path__isnull", False)),
                fields=["shared_path", "screen"],
                name="saved_views_savedview_shared",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                fields=("owner", "screen", "name"), name="saved_views_savedview_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)),
                fields=("owner", "screen"),
                name="saved_views_savedview_default",
            ),
        ),
    ]
