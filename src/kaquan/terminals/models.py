"""Registered devices, shifts, PINs, and the name of every request made at a counter.

No token, PIN or one-time code is stored, only what each hashes to; no voucher's code at all.
"""

from django.db import models
from django.db.models import Q

from kaquan.organisations.models import Store, Terminal
from kaquan.staff.models import StaffUser

OFFLINE_USE_FEN = 10_000
OFFLINE_TOTAL_FEN = 50_000


class TerminalCaps(models.Model):
    """How far a terminal goes by itself; one without a row goes as far as the defaults.

    `use_fen_max`: what one use may take off without a supervisor, None any amount. Without a
    network a use takes at most `offline_use_fen_max`, and all uses that are not handed in yet at
    most `offline_total_fen_max`.
    """

    terminal = models.OneToOneField(Terminal, models.PROTECT, primary_key=True, related_name="caps")
    use_fen_max = models.BigIntegerField(null=True)
    offline_use_fen_max = models.BigIntegerField(default=OFFLINE_USE_FEN)
    offline_total_fen_max = models.BigIntegerField(default=OFFLINE_TOTAL_FEN)

    class Meta:
        db_table = "terminals_caps"
        constraints = (
            models.CheckConstraint(
                condition=Q(offline_use_fen_max__gte=0, offline_total_fen_max__gte=0)
                & (Q(use_fen_max__isnull=True) | Q(use_fen_max__gte=0)),
                name="terminals_caps_not_negative",
            ),
        )


class RegistrationCode(models.Model):
    """A code by which one device becomes a terminal, once."""

    id = models.AutoField(primary_key=True)
    terminal = models.ForeignKey(Terminal, models.PROTECT, related_name="registration_codes")
    code_hash = models.BinaryField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=100)
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "terminals_registration_code"
        constraints = (
            models.UniqueConstraint(fields=["code_hash"], name="terminals_registration_code_hash"),
        )
        indexes = (models.Index(fields=["terminal"], name="terminals_code_terminal"),)


class Device(models.Model):
    """A phone, tablet or till that is a terminal. It holds a token, we its hash.

    `public_key` is the JWK of the key pair that it made for itself and whose private half never
    leaves it. A terminal is one device at a time; one that ended keeps its row. It was registered
    for one `store`: when the terminal moves to another, the device is registered anew.
    """

    id = models.AutoField(primary_key=True)
    terminal = models.ForeignKey(Terminal, models.PROTECT, related_name="devices")
    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    token_hash = models.BinaryField()
    public_key = models.JSONField()
    registered_at = models.DateTimeField()
    registered_by = models.CharField(max_length=100)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "terminals_device"
        constraints = (
            models.UniqueConstraint(fields=["token_hash"], name="terminals_device_token"),
            models.UniqueConstraint(
                fields=["terminal"],
                condition=Q(ended_at__isnull=True),
                name="terminals_device_one_a_terminal",
            ),
        )


class Shift(models.Model):
    """Somebody works at a terminal, until they hand over. `token_hash` is empty while it is locked.

    `counted_fen` is the money that they counted when they handed over.
    """

    id = models.BigAutoField(primary_key=True)
    device = models.ForeignKey(Device, models.PROTECT, related_name="shifts")
    terminal = models.ForeignKey(Terminal, models.PROTECT, related_name="shifts")
    user = models.ForeignKey(StaffUser, models.PROTECT, related_name="+")
    token_hash = models.BinaryField(null=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    counted_fen = models.BigIntegerField(null=True)
    note = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        db_table = "terminals_shift"
        constraints = (
            models.UniqueConstraint(fields=["token_hash"], name="terminals_shift_token"),
            models.UniqueConstraint(
                fields=["terminal"],
                condition=Q(ended_at__isnull=True),
                name="terminals_shift_one_a_terminal",
            ),
        )
        indexes = (models.Index(fields=["terminal", "-id"], name="terminals_shift_of"),)


class StaffPin(models.Model):
    """Six digits that stand for somebody's password, at registered terminals only."""

    user = models.OneToOneField(StaffUser, models.CASCADE, primary_key=True, related_name="+")
    pin_hash = models.CharField(max_length=200)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "terminals_staff_pin"


class FailedTry(models.Model):
    """A wrong code, password or PIN, counted against who or where it was tried."""

    id = models.BigAutoField(primary_key=True)
    subject = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        db_table = "terminals_failed_try"
        indexes = (
            models.Index(fields=["subject", "-at"], name="terminals_failed_try_subject"),
            models.Index(fields=["at"], name="terminals_failed_try_at"),
        )


class CounterRequest(models.Model):
    """Something that was asked for at a counter, written down before it is done.

    `once` is the device's own name for it and part of the ledger's request key, by which the books
    say what became of it: nothing here repeats an amount that was booked. A request that was
    withdrawn is never done any more. `content_hash` tells the same request from another one.
    """

    id = models.BigAutoField(primary_key=True)
    terminal = models.ForeignKey(Terminal, models.PROTECT, related_name="counter_requests")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="requests")
    supervisor = models.ForeignKey(StaffUser, models.PROTECT, null=True, related_name="+")
    once = models.CharField(max_length=40)
    operation = models.CharField(max_length=16)
    content_hash = models.BinaryField()
    at = models.DateTimeField()
    order_no = models.CharField(max_length=64, blank=True, default="", db_default="")
    undoes = models.ForeignKey("self", models.PROTECT, null=True, related_name="undone_by")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "terminals_counter_request"
        constraints = (
            models.UniqueConstraint(
                fields=["terminal", "once"], name="terminals_counter_request_once"
            ),
            models.CheckConstraint(
                condition=Q(operation__in=["redeem", "reverse", "top_up"]),
                name="terminals_counter_request_operation",
            ),
        )
        indexes = (
            models.Index(fields=["terminal", "-at"], name="terminals_request_of"),
            models.Index(fields=["shift", "-id"], name="terminals_request_of_shift"),
        )
