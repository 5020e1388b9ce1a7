from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organisations", "0002_clerks_and_terminals"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="search_text",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="store",
            name="district",
            field=models.CharField(blank=True, db_default="", default="", max_length=50),
        ),
        migrations.AddField(
            model_name="store",
            name="division_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=6),
        ),
        migrations.AddField(
            model_name="store",
            name="phone",
            field=models.CharField(blank=True, db_default="", default="", max_length=32),
        ),
        migrations.AddField(
            model_name="store",
            name="weekly_hours",
            field=models.JSONField(null=True),
        ),
        migrations.CreateModel(
            name="IssuerSetting",
            fields=[
                ("name", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("value", models.JSONField()),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.CharField(max_length=100)),
            ],
            options={
                "db_table": "organisations_issuersetting",
            },
        ),
        migrations.CreateModel(
            name="Holiday",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(choices=[("off", "放假"), ("work", "调休上班")], max_length=8),
                ),
                ("name", models.CharField(max_length=50)),
            ],
            options={
                "db_table": "organisations_holiday",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["off", "work"])),
                        name="organisations_holiday_kind",
                    )
                ],
            },
        ),
    ]
