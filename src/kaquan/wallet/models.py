"""Claim links, codes by SMS, wallet sessions and gifts. No phone number and no token is stored."""

from django.db import models
from django.db.models import F, Q

from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.models import Customer


class ClaimLink(models.Model):
    """A public address where customers claim from one batch; `channel` says where it hangs.

    Its token is public: it stands on posters. `quantity_max` bounds how many are claimed by it,
    None not at all; the batch's own stock always does. `claimed` is moved with each claim.
    """

    id = models.AutoField(primary_key=True)
    token = models.CharField(max_length=16)
    batch = models.ForeignKey(CampaignBatch, models.PROTECT, related_name="claim_links")
    name = models.CharField(max_length=100)
    channel = models.CharField(max_length=32)
    active = models.BooleanField(default=True)
    quantity_max = models.IntegerField(null=True)
    claimed = models.IntegerField(default=0)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)

    class Meta:
        db_table = "wallet_claim_link"
        constraints = (
            models.UniqueConstraint(fields=["token"], name="wallet_claim_link_token"),
            models.CheckConstraint(
                condition=Q(claimed__gte=0)
                & (Q(quantity_max__isnull=True) | Q(claimed__lte=F("quantity_max"))),
                name="wallet_claim_link_bound",
            ),
        )
        indexes = (models.Index(fields=["batch", "-id"], name="wallet_claim_link_of"),)


class LinkClaim(models.Model):
    """A customer claims by a link; the row is an arrival, and `id` its number in the line.

    It waits until `answered_at`; then `serial` is what was given, or `refusal` says in the house's
    words why nothing was. `once` is the form's own name, so that a second tap is the same claim.
    """

    id = models.BigAutoField(primary_key=True)
    link = models.ForeignKey(ClaimLink, models.PROTECT, related_name="claims")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    once = models.CharField(max_length=40)
    serial = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=64, blank=True, default="", db_default="")
    refusal_zh = models.CharField(max_length=500, blank=True, default="", db_default="")
    refusal_en = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        db_table = "wallet_link_claim"
        constraints = (
            models.UniqueConstraint(
                fields=["link", "customer", "once"], name="wallet_link_claim_once"
            ),
            models.UniqueConstraint(
                fields=["link", "customer"],
                condition=Q(answered_at__isnull=True),
                name="wallet_link_claim_one_place",
            ),
        )
        indexes = (
            models.Index(
                fields=["link", "id"],
                condition=Q(answered_at__isnull=True),
                name="wallet_link_claim_waiting",
            ),
            models.Index(
                fields=["answered_at"],
                condition=Q(serial__isnull=True),
                name="wallet_link_claim_refused",
            ),
        )


class ClaimRoom(models.Model):
    """The line before a batch: how far it was called, and how quickly that went of late."""

    batch = models.OneToOneField(
        CampaignBatch, models.PROTECT, primary_key=True, related_name="claim_room"
    )
    called_id = models.BigIntegerField(default=0)
    called_at = models.DateTimeField(null=True)
    per_minute = models.IntegerField(default=0)

    class Meta:
        db_table = "wallet_claim_room"


class SmsCode(models.Model):
    """A code that was sent to a phone, both as keyed hashes."""

    id = models.BigAutoField(primary_key=True)
    phone_index = models.BinaryField()
    source = models.CharField(max_length=64)
    code_hash = models.BinaryField()
    sent_at = models.DateTimeField()
    tries = models.SmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "wallet_sms_code"
        indexes = (
            models.Index(fields=["phone_index", "-sent_at"], name="wallet_sms_code_phone"),
            models.Index(fields=["source", "-sent_at"], name="wallet_sms_code_source"),
            models.Index(fields=["sent_at"], name="wallet_sms_code_sent"),
        )


class WalletSession(models.Model):
    """A customer's browser; it holds the token, we its hash."""

    id = models.BigAutoField(primary_key=True)
    token_hash = models.BinaryField()
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        db_table = "wallet_session"
        constraints = (models.UniqueConstraint(fields=["token_hash"], name="wallet_session_token"),)
        indexes = (models.Index(fields=["customer"], name="wallet_session_of"),)


class Gift(models.Model):
    """A voucher on its way to a friend; whoever has the token may take it, once."""

    id = models.BigAutoField(primary_key=True)
    token_hash = models.BinaryField()
    serial = models.BigIntegerField()
    giver = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    taker = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "wallet_gift"
        constraints = (
            models.UniqueConstraint(fields=["token_hash"], name="wallet_gift_token"),
            models.UniqueConstraint(
                fields=["serial"], condition=Q(ended_at__isnull=True), name="wallet_gift_open"
            ),
        )
        indexes = (models.Index(fields=["giver", "-id"], name="wallet_gift_of"),)
