import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import kaquan.foundation.encrypted_fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organisations", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("public_id", models.CharField(max_length=8)),
                (
                    "kind",
                    models.CharField(
                        choices=[("secret", "机密"), ("publishable", "可公开")], max_length=16
                    ),
                ),
                (
                    "mode",
                    models.CharField(choices=[("live", "正式"), ("test", "测试")], max_length=8),
                ),
                ("secret_hash", models.BinaryField()),
                (
                    "permissions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), size=None
                    ),
                ),
                (
                    "store_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), default=list, size=None
                    ),
                ),
                (
                    "networks",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("must_sign", models.BooleanField(default=False)),
                (
                    "signing_secret",
                    kaquan.foundation.encrypted_fields.EncryptedTextField(null=True),
                ),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(max_length=100)),
                ("expires_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "access_key",
            },
        ),
        migrations.CreateModel(
            name="FailureCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "minute",
                        "scope",
                        "subject",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("minute", models.BigIntegerField()),
                ("scope", models.CharField(max_length=16)),
                ("subject", models.CharField(max_length=64)),
                ("count", models.BigIntegerField()),
            ],
            options={
                "db_table": "access_failure_count",
            },
        ),
        migrations.CreateModel(
            name="AccessEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("guess_storm", "大量猜码"), ("key_storm", "大量猜密钥")],
                        max_length=16,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("count", models.BigIntegerField()),
                ("sources", models.IntegerField()),
                ("summary", models.CharField(max_length=200)),
                ("key_id", models.IntegerField(null=True)),
            ],
            options={
                "db_table": "access_event",
                "indexes": [models.Index(fields=["-last_at"], name="access_event_last")],
            },
        ),
        migrations.CreateModel(
            name="ApiClient",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
            ],
            options={
                "db_table": "access_client",
            },
        ),
        migrations.CreateModel(
            name="KeyUse",
            fields=[
                (
                    "key",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="last_use",
                        serialize=False,
                        to="access.apikey",
                    ),
                ),
                ("last_used_at", models.DateTimeField()),
            ],
            options={
                "db_table": "access_key_use",
            },
        ),
        migrations.AddField(
            model_name="apikey",
            name="client",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="keys",
                to="access.apiclient",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="replaced_by",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaces",
                to="access.apikey",
            ),
        ),
        migrations.AddConstraint(
            model_name="apiclient",
            constraint=models.UniqueConstraint(
                fields=("organisation", "name"), name="access_client_name", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.UniqueConstraint(fields=("public_id",), name="access_key_public_id"),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["secret", "publishable"])), name="access_key_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["live", "test"])), name="access_key_mode"
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "secret"),
                    ("permissions__contained_by", ["wallet.claim", "wallet.view"]),
                    _connector="OR",
                ),
                name="access_key_publishable",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("must_sign", False), ("signing_secret__isnull", False), _connector="OR"
                ),
                name="access_key_signs",
            ),
        ),
    ]
