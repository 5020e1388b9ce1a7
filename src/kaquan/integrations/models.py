"""Webhooks: where events are sent, with which secrets, and what became of each."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kaquan.foundation.encrypted_fields import EncryptedTextField
from kaquan.organisations.models import Organisation


class WebhookEndpoint(models.Model):
    """An address that wants events of some types from one part of the organisation (None: all).

    Without types it wants all the usual ones, also those that there are not yet. `client_id` is the
    API client that made it, 0 the issuer itself. `names_customers`: whoever said where it goes may
    see customers, so their numbers are sent. `failures` counts attempts in a row that failed;
    until `retry_at` nothing more is tried. `disabled_reason`: why it is not active, if not by hand.
    """

    id = models.AutoField(primary_key=True)
    client_id = models.BigIntegerField()
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    url = models.CharField(max_length=500)
    event_types = ArrayField(models.CharField(max_length=40))
    description = models.CharField(max_length=200, blank=True)
    encrypt_body = models.BooleanField(default=False)
    names_customers = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    failures = models.IntegerField(default=0)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "integrations_webhookendpoint"
        indexes = (models.Index(fields=["client_id"], name="integrations_endpoint_client"),)


class WebhookSecret(models.Model):
    """A secret that deliveries are signed with, sealed. `ends_at` None: the current one."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="secrets")
    secret = EncryptedTextField()
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "integrations_webhooksecret"
        constraints = (
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=Q(ends_at__isnull=True),
                name="integrations_webhooksecret_current",
            ),
        )


class DeliveryState(models.TextChoices):
    """What became of a delivery."""

    PENDING = "pending", "待投递"
    DELIVERED = "delivered", "已送达"
    DEAD = "dead", "已放弃"


class WebhookDelivery(models.Model):
    """One event on its way to one address.

    `stream` is what the event happened to (a voucher's serial; below 0 batches and budgets): of one
    stream the next delivery, by id, waits for the one before. `due_since` is when the 72 hours
    began in which it is tried.
    """

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    event_id = models.CharField(max_length=64)
    event_type = models.CharField(max_length=40)
    stream = models.BigIntegerField()
    body = models.TextField()
    state = models.CharField(max_length=16, choices=DeliveryState, default=DeliveryState.PENDING)
    created_at = models.DateTimeField()
    due_since = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    last_status = models.SmallIntegerField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    latency_ms = models.IntegerField(null=True)

    class Meta:
        db_table = "integrations_webhookdelivery"
        constraints = (
            models.UniqueConstraint(
                fields=["endpoint", "event_id"], name="integrations_delivery_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="integrations_delivery_state"
            ),
        )
        indexes = (
            models.Index(
                fields=["endpoint", "next_attempt_at", "id"],
                condition=Q(state="pending"),
                name="integrations_delivery_due",
            ),
            models.Index(
                fields=["endpoint", "stream", "id"],
                condition=Q(state="pending"),
                name="integrations_delivery_stream",
            ),
            models.Index(fields=["endpoint", "state", "id"], name="integrations_delivery_list"),
        )


class WebhookAttempt(models.Model):
    """One try of a delivery. `status` None: there was no answer, and `error` says why."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(WebhookDelivery, models.CASCADE, related_name="tries")
    number = models.IntegerField()
    at = models.DateTimeField()
    status = models.SmallIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True)
    latency_ms = models.IntegerField()

    class Meta:
        db_table = "integrations_webhookattempt"
