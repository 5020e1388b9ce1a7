"""Bundles of paper slips, and what was typed from each slip."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.models import Customer
from kaquan.foundation.encrypted_fields import EncryptedTextField
from kaquan.organisations.models import Organisation, Store


class Bundle(models.Model):
    """Slips that came together. `slips_told` and `amount_told_fen` were counted by hand before
    anything was typed; it closes when what was typed comes to the same.

    `organisation` is whose it is, None the whole issuer's. Of a `double_key` one each slip is keyed
    by two clerks before it is registered.
    """

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=100)
    double_key = models.BooleanField(default=False, db_default=False)
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
    ledger's books. `hand` is that of the code on it: 0 of all that was printed.
    """

    id = models.BigAutoField(primary_key=True)
    bundle = models.ForeignKey(Bundle, models.PROTECT, related_name="slips")
    serial = models.BigIntegerField()
    hand = models.SmallIntegerField(default=0)
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


class SlipPhoto(models.Model):
    """A photo of a slip: a JPEG of our own making, sealed; it is deleted after some days, and with
    the holder's data."""

    slip = models.OneToOneField(Slip, models.CASCADE, primary_key=True, related_name="photo")
    sealed = models.BinaryField()
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=100)
    added_by_name = models.CharField(max_length=200)

    class Meta:
        db_table = "registration_slip_photo"
        indexes = (models.Index(fields=["added_at"], name="registration_photo_at"),)


class PageState(models.TextChoices):
    """How far the reading of a register's page has come."""

    WAITING = "waiting", "识别中"
    READ = "read", "待核对"
    FAILED = "failed", "未能识别"


class RegisterPage(models.Model):
    """A photo of a page of a paper register, and what was read from it (`read_rows.ReadPage` as
    JSON), both sealed; it is deleted when somebody is done with it, or after some days.

    `fault` is the code of what kept it from being read. `dropped` are rows that are none.
    """

    id = models.BigAutoField(primary_key=True)
    bundle = models.ForeignKey(Bundle, models.PROTECT, related_name="pages")
    sealed = models.BinaryField()
    found = EncryptedTextField(null=True)
    state = models.CharField(max_length=16, choices=PageState, default=PageState.WAITING)
    fault = models.CharField(max_length=64, blank=True)
    dropped = ArrayField(models.IntegerField(), default=list)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=100)
    added_by_name = models.CharField(max_length=200)

    class Meta:
        db_table = "registration_page"
        indexes = (models.Index(fields=["added_at"], name="registration_page_at"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=PageState.values), name="registration_page_state"
            ),
        )


class Keying(models.Model):
    """One slip of a double-key bundle as one clerk keyed it, the first or the second `turn`.

    It waits until both turns are settled into `slip`, or until it is `withdrawn`: no such slip was
    there. Then who held the voucher is told by the slip alone, and `wrong_fields` says what this
    clerk had keyed otherwise than it was settled.
    """

    id = models.BigAutoField(primary_key=True)
    bundle = models.ForeignKey(Bundle, models.PROTECT, related_name="keyings")
    serial = models.BigIntegerField()
    hand = models.SmallIntegerField(default=0)
    turn = models.SmallIntegerField()
    holder_name = EncryptedTextField(null=True)
    holder_phone = EncryptedTextField(null=True)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    clerk = models.CharField(max_length=100, blank=True)
    used_at = models.DateTimeField()
    amount_fen = models.BigIntegerField(null=True)
    once = models.CharField(max_length=64)
    keyed_at = models.DateTimeField()
    keyed_by = models.CharField(max_length=100)
    keyed_by_name = models.CharField(max_length=200)
    slip = models.ForeignKey(Slip, models.PROTECT, null=True, related_name="keyings")
    withdrawn = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=100, blank=True)
    wrong_fields = ArrayField(models.CharField(max_length=16), default=list)

    class Meta:
        db_table = "registration_keying"
        indexes = (models.Index(fields=["settled_at"], name="registration_keying_at"),)
        constraints = (
            models.UniqueConstraint(fields=["once"], name="registration_keying_once"),
            models.UniqueConstraint(
                fields=["bundle", "serial", "turn"],
                condition=Q(slip__isnull=True, withdrawn=False),
                name="registration_keying_turn",
            ),
            models.CheckConstraint(condition=Q(turn__in=(1, 2)), name="registration_keying_turns"),
        )


class DigitalBatch(models.Model):
    """Which stock the digital vouchers come from that take the place of a batch's paper ones."""

    id = models.AutoField(primary_key=True)
    paper_batch = models.OneToOneField(CampaignBatch, models.PROTECT, related_name="+")
    digital_batch = models.ForeignKey(CampaignBatch, models.PROTECT, related_name="+")

    class Meta:
        db_table = "registration_digital_batch"
        constraints = (
            models.CheckConstraint(
                condition=~Q(paper_batch=models.F("digital_batch")),
                name="registration_digital_batch_other",
            ),
        )


class Conversion(models.Model):
    """A paper voucher and the digital one that took its place; without a `digital_serial` the
    ledger's answer is not known yet. `once` is the form's own name."""

    id = models.BigAutoField(primary_key=True)
    serial = models.BigIntegerField()
    digital_serial = models.BigIntegerField(null=True)
    digital_batch = models.ForeignKey(CampaignBatch, models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    once = models.CharField(max_length=64)
    converted_at = models.DateTimeField()
    converted_by = models.CharField(max_length=100)
    converted_by_name = models.CharField(max_length=200)

    class Meta:
        db_table = "registration_conversion"
        indexes = (models.Index(fields=["customer", "-id"], name="registration_conversion_of"),)
        constraints = (
            models.UniqueConstraint(fields=["serial"], name="registration_conversion_serial"),
            models.UniqueConstraint(fields=["digital_serial"], name="registration_conversion_new"),
            models.UniqueConstraint(fields=["once"], name="registration_conversion_once"),
        )
