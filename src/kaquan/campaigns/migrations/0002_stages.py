import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="status",
            field=models.CharField(
                choices=[
                    ("draft", "草稿"),
                    ("waiting", "待审批"),
                    ("approved", "已批准"),
                    ("running", "进行中"),
                    ("paused", "已暂停"),
                    ("stopped", "已停止"),
                    ("over", "已结束"),
                ],
                db_default="running",
                default="running",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="by_schedule",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="campaign",
            name="booked",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "—"),
                    ("paused", "已暂停"),
                    ("running", "进行中"),
                    ("stopped", "已停止"),
                ],
                db_default="running",
                default="running",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="paused_batches",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.IntegerField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="fault",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="campaignbatch",
            name="quantity",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="campaignbatch",
            name="active",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(fields=["status", "id"], name="campaigns_campaign_status"),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["draft", "waiting", "approved", "running", "paused", "stopped", "over"],
                    )
                ),
                name="campaigns_campaign_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("booked__in", ["", "paused", "running", "stopped"])),
                name="campaigns_campaign_booked_known",
            ),
        ),
    ]
