from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0003_drafts")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="jurisdiction",
            field=models.CharField(
                choices=[("cn", "中国大陆"), ("other", "其他地区")],
                db_default="cn",
                default="cn",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("jurisdiction__in", ["cn", "other"])),
                name="campaigns_campaign_jurisdiction_known",
            ),
        ),
    ]
