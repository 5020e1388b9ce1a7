"""Bundles of paper slips, and what was typed from each slip."""

from django.db import models
from django.db.models import Q

from kaquan.customers.models import Customer
from kaquan.foundation.encrypted_fields import EncryptedTextField
from kaquan.organisations.models import Organisation, Store


class Bundle(models.Model):
    """Slips that came together. `slips_told` and `amount_told_fen` were counted by hand before
    anything was typed; it closes when what was typed comes to the same.

    `organisation` is whose it is, None the whole issuer's.
    """

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=100)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    slips_told = models.IntegerField()
    amount_told_fen = models.BigIntegerField()
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=100)
    opened_by_name = models.CharField(max_length=200)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=100, blank=True)
    closed_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "registration_bundle"
        indexes = (models.Index(fields=["organisation", "-id"], name="registration_bundle_of"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(slips_told__gt=0, amount_told_fen__gte=0),
                name="registration_bundle_told",
            ),
        )


class SlipState(models.TextChoices):
    """Where a slip stands; `pending`: kept, and the ledger's answer is not known yet."""

    PENDING = "pending", "登记中"
    REGISTERED = "registered", "已登记"
    REVERSED = "reversed", "已撤销"


class Slip(models.Model):
    """One slip as it was typed. The holder is sealed; `holder_phone_index` finds the phone.

    `used_at` is when the voucher was used, `typed_at` when somebody typed it. `once` is the form's
    own name, so that a form sent twice is one slip. `redemption` and `reversal` are places in the
    ledger's books.
    """

    id = models.BigAutoField(primary_key=True)
    bundle = models.ForeignKey(Bundle, models.PROTECT, related_name="slips")
    serial = models.BigIntegerField()
    holder_name = EncryptedTextField(null=True)
    holder_phone = EncryptedTextField(null=True)
    holder_phone_index = models.BinaryField(null=True)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+")
    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    clerk = models.CharField(max_length=100, blank=True)
    used_at = models.DateTimeField()
    amount_fen = models.BigIntegerField(null=True)
    discount_fen = models.BigIntegerField(default=0)
    state = models.CharField(max_length=16, choices=SlipState, default=SlipState.PENDING)
    redemption_block = models.BigIntegerField(null=True)
    redemption_index = models.IntegerField(null=True)
    reversal_block = models.BigIntegerField(null=True)
    reversal_index = models.IntegerField(null=True)
    once = models.CharField(max_length=64)
    typed_at = models.DateTimeField()
    typed_by = models.CharField(max_length=100)
    typed_by_name = models.CharField(max_length=200)

    class Meta:
        db_table = "registration_slip"
        indexes = (
            models.Index(fields=["bundle", "-id"], name="registration_slip_of"),
            models.Index(fields=["serial"], name="registration_slip_serial"),
            models.Index(fields=["holder_phone_index"], name="registration_slip_phone"),
            models.Index(fields=["customer"], name="registration_slip_customer"),
        )
        constraints = (
            models.UniqueConstraint(fields=["once"], name="registration_slip_once"),
            models.CheckConstraint(
                condition=Q(state__in=SlipState.values), name="registration_slip_state"
            ),
            models.CheckConstraint(
                condition=Q(state=SlipState.PENDING) | Q(redemption_block__isnull=False),
                name="registration_slip_redemption",
            ),
            models.CheckConstraint(
                condition=~Q(state=SlipState.REVERSED) | Q(reversal_block__isnull=False),
                name="registration_slip_reversal",
            ),
        )
