from django.db import migrations, models

import kaquan.foundation.encrypted_fields


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="KeptAnswer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("client_id", models.BigIntegerField()),
                ("operation", models.CharField(max_length=100)),
                ("key", models.CharField(max_length=255)),
                ("content_index", models.BinaryField()),
                ("status", models.SmallIntegerField()),
                ("media_type", models.CharField(max_length=100)),
                ("body", kaquan.foundation.encrypted_fields.EncryptedTextField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "answers_kept_answer",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client_id", "operation", "key"), name="answers_kept_answer_request"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__gte", 200), ("status__lt", 500)),
                        name="answers_kept_answer_status",
                    ),
                ],
            },
        ),
    ]
