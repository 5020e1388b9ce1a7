"""What tills may take without a network, what they told afterwards, and what that came to.

No code and no person stands here: a use names its voucher by serial, and what the till signed holds
the code's hash.
"""

from django.db import models
from django.db.models import F, Q

from kaquan.terminals.models import Device, Shift


class Grant(models.Model):
    """How far a device goes without a network until it asks again; the newest one counts.

    Of all uses after `after_counter` the issuer stands up for `total_fen_max` at most, whichever
    grant they name; `spent_fen` is what they came to so far. `content_hash` is that of what the
    device was given with it. `pick_key` picks the `online_percent` of all serials that it does not
    take by itself. A use may be undone on the device for `undo_minutes`.
    """

    id = models.BigAutoField(primary_key=True)
    device = models.ForeignKey(Device, models.PROTECT, related_name="offline_grants")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    use_fen_max = models.BigIntegerField()
    total_fen_max = models.BigIntegerField()
    after_counter = models.BigIntegerField()
    spent_fen = models.BigIntegerField(default=0)
    content_hash = models.BinaryField()
    online_percent = models.SmallIntegerField(default=0, db_default=0)
    pick_key = models.BinaryField(default=bytes)
    undo_minutes = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "offline_grant"
        indexes = (models.Index(fields=["device", "-id"], name="offline_grant_of"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(use_fen_max__gte=0, total_fen_max__gte=0, spent_fen__gte=0)
                & Q(spent_fen__lte=F("total_fen_max")),
                name="offline_grant_within",
            ),
        )


class Journal(models.Model):
    """A device's own record of its uses, as far as it was handed in.

    `pending` and `pending_fen` are what it says that it holds still.
    """

    device = models.OneToOneField(
        Device, models.PROTECT, primary_key=True, related_name="offline_journal"
    )
    last_counter = models.BigIntegerField(default=0)
    last_use_at = models.DateTimeField(null=True)
    last_wall_at = models.DateTimeField(null=True)
    reached_at = models.DateTimeField()
    pending = models.IntegerField(default=0)
    pending_fen = models.BigIntegerField(default=0)

    class Meta:
        db_table = "offline_journal"


class Verdict(models.TextChoices):
    """What became of a use."""

    BOOKED = "booked", "已入账"
    LOSS = "loss", "已记损失"
    REFUSED = "refused", "未承担"
    UNDONE = "undone", "已撤销"


CONFLICTS = (Verdict.LOSS, Verdict.REFUSED)
"""Verdicts of uses that the books did not take as they were."""


class OfflineUse(models.Model):
    """A use that a device told, as it signed it. `at` is the time that it counts for.

    `reason` is the code of why the books did not take it, `uncovered` of why the issuer does not
    stand up for it. Its request key in the books is made of its hash. `undone_by` is the hash of
    the line that took it back: on the device, then the books know nothing of it, or in the books.
    """

    id = models.BigAutoField(primary_key=True)
    device = models.ForeignKey(Device, models.PROTECT, related_name="offline_uses")
    grant = models.ForeignKey(Grant, models.PROTECT, null=True, related_name="uses")
    shift = models.ForeignKey(Shift, models.PROTECT, null=True, related_name="+")
    counter = models.BigIntegerField()
    hash = models.BinaryField()
    text = models.TextField()
    signature = models.BinaryField()
    serial = models.BigIntegerField()
    amount_fen = models.BigIntegerField()
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    verdict = models.CharField(max_length=16, choices=Verdict)
    reason = models.CharField(max_length=64, blank=True, default="")
    uncovered = models.CharField(max_length=64, blank=True, default="")
    loss_fen = models.BigIntegerField(default=0)
    block = models.BigIntegerField(null=True)
    block_index = models.IntegerField(null=True)
    undone_by = models.BinaryField(null=True)

    class Meta:
        db_table = "offline_use"
        constraints = (
            models.UniqueConstraint(fields=["device", "hash"], name="offline_use_once"),
            models.CheckConstraint(
                condition=Q(verdict__in=Verdict.values), name="offline_use_verdict_known"
            ),
        )
        indexes = (
            models.Index(fields=["device", "counter"], name="offline_use_counter"),
            models.Index(
                fields=["-id"],
                condition=Q(verdict__in=["loss", "refused"]),
                name="offline_use_conflicts",
            ),
            models.Index(
                fields=["device", "received_at"],
                condition=Q(loss_fen__gt=0),
                name="offline_use_losses",
            ),
        )


class OfflineUndo(models.Model):
    """A line by which a device took a use back; `counted`: it did, else the use stands as it is."""

    id = models.BigAutoField(primary_key=True)
    device = models.ForeignKey(Device, models.PROTECT, related_name="offline_undos")
    use = models.ForeignKey(OfflineUse, models.PROTECT, null=True, related_name="undos")
    shift = models.ForeignKey(Shift, models.PROTECT, null=True, related_name="+")
    counter = models.BigIntegerField()
    hash = models.BinaryField()
    text = models.TextField()
    signature = models.BinaryField()
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    counted = models.BooleanField()
    reason = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "offline_undo"
        constraints = (
            models.UniqueConstraint(fields=["device", "hash"], name="offline_undo_once"),
        )
        indexes = (models.Index(fields=["device", "counter"], name="offline_undo_counter"),)


class FaultKind(models.TextChoices):
    """What was wrong about a journal."""

    GAP = "gap", "缺页"
    FORK = "fork", "分叉"
    CLOCK_BACK = "clock_back", "时钟倒拨"
    CLOCK_AHEAD = "clock_ahead", "时钟超前"
    SIGNATURE = "signature", "签名不对"
    FORM = "form", "格式不对"
    ONLINE_ONLY = "online_only", "抽中联网仍离线核销"
    UNDO = "undo", "撤销未成立"


class JournalFault(models.Model):
    """Something about a device's journal that somebody should look at."""

    id = models.BigAutoField(primary_key=True)
    device = models.ForeignKey(Device, models.PROTECT, related_name="offline_faults")
    kind = models.CharField(max_length=16, choices=FaultKind)
    counter = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        db_table = "offline_journal_fault"
        constraints = (
            models.UniqueConstraint(
                fields=["device", "kind", "counter"], name="offline_fault_once"
            ),
        )
