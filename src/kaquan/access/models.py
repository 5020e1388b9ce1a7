"""API clients and their keys; what has failed lately, and what that amounted to."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kaquan.access.permissions import PUBLISHABLE_PERMISSIONS
from kaquan.foundation.encrypted_fields import EncryptedTextField
from kaquan.organisations.models import Organisation


class KeyKind(models.TextChoices):
    """Who may know a key."""

    SECRET = "secret", "机密"
    PUBLISHABLE = "publishable", "可公开"


class KeyMode(models.TextChoices):
    """Which sort of installation a key opens."""

    LIVE = "live", "正式"
    TEST = "test", "测试"


class EventKind(models.TextChoices):
    """What the failures amounted to."""

    GUESS_STORM = "guess_storm", "大量猜码"
    KEY_STORM = "key_storm", "大量猜密钥"


class ApiClient(models.Model):
    """A program that calls: a till system, a web shop. Request keys are its own.

    `organisation` is the part of the tree it may act in, None the whole issuer. Ids begin at 101:
    the smaller ones are request-key namespaces of the installation itself, such as the command
    line's.
    """

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=100)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "access_client"
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "name"], nulls_distinct=False, name="access_client_name"
            ),
        )


class ApiKey(models.Model):
    """A key of a client, known by its public id; the secret itself is stored nowhere."""

    id = models.AutoField(primary_key=True)
    client = models.ForeignKey(ApiClient, models.PROTECT, related_name="keys")
    public_id = models.CharField(max_length=8)
    kind = models.CharField(max_length=16, choices=KeyKind)
    mode = models.CharField(max_length=8, choices=KeyMode)
    secret_hash = models.BinaryField()
    permissions = ArrayField(models.CharField(max_length=64))
    store_ids = ArrayField(models.IntegerField(), default=list)
    networks = ArrayField(models.CharField(max_length=64), default=list)
    must_sign = models.BooleanField(default=False)
    signing_secret = EncryptedTextField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=100)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    replaced_by = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaces")

    class Meta:
        db_table = "access_key"
        constraints = (
            models.UniqueConstraint(fields=["public_id"], name="access_key_public_id"),
            models.CheckConstraint(condition=Q(kind__in=KeyKind.values), name="access_key_kind"),
            models.CheckConstraint(condition=Q(mode__in=KeyMode.values), name="access_key_mode"),
            models.CheckConstraint(
                condition=Q(kind=KeyKind.SECRET)
                | Q(permissions__contained_by=list(PUBLISHABLE_PERMISSIONS)),
                name="access_key_publishable",
            ),
            models.CheckConstraint(
                condition=Q(must_sign=False) | Q(signing_secret__isnull=False),
                name="access_key_signs",
            ),
        )


class KeyUse(models.Model):
    """When a key was used last, to the minute; apart from the key, which calls must not write."""

    key = models.OneToOneField(ApiKey, models.PROTECT, primary_key=True, related_name="last_use")
    last_used_at = models.DateTimeField()

    class Meta:
        db_table = "access_key_use"


class FailureCount(models.Model):
    """How often something failed for one subject in one minute since the epoch; kept an hour.

    `scope` and `subject` are those of `kaquan.access.failures`; an address is among them, so that
    processes can add up what it tried.
    """

    pk = models.CompositePrimaryKey("minute", "scope", "subject")
    minute = models.BigIntegerField()
    scope = models.CharField(max_length=16)
    subject = models.CharField(max_length=64)
    count = models.BigIntegerField()

    class Meta:
        db_table = "access_failure_count"


class AccessEvent(models.Model):
    """A storm of failures, once for as long as it lasts; no code and no whole address is in it."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=16, choices=EventKind)
    at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.BigIntegerField()
    sources = models.IntegerField()
    summary = models.CharField(max_length=200)
    key_id = models.IntegerField(null=True)

    class Meta:
        db_table = "access_event"
        indexes = (models.Index(fields=["-last_at"], name="access_event_last"),)
