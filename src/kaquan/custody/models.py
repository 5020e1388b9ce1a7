"""What the ledger does not hold about paper: notes that await the other side, and open questions.

Where the pieces are is in the books alone; `parts` here only remember which range a note or a case
is about: pairs of first serial and number.
"""

from django.db import models
from django.db.models import F, Q

from kaquan.campaigns.models import CampaignBatch
from kaquan.organisations.models import Organisation


class NoteState(models.TextChoices):
    """Where a transfer note stands; `opening` and `signing`: kept, and the books not yet asked."""

    OPENING = "opening", "发出中"
    SENT = "sent", "待签收"
    SIGNING = "signing", "签收中"
    SIGNED = "signed", "已签收"
    CALLED_BACK = "called_back", "已撤回"


class TransferNote(models.Model):
    """Pieces that one organisation sends another; who sends never signs. `received` holds what the
    other side counted; the rest is a case."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(CampaignBatch, models.PROTECT, related_name="+")
    source = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    target = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    parts = models.JSONField()
    quantity = models.IntegerField()
    received = models.JSONField(default=list)
    state = models.CharField(max_length=16, choices=NoteState, default=NoteState.OPENING)
    once = models.CharField(max_length=80)
    sent_at = models.DateTimeField()
    sent_by = models.CharField(max_length=100)
    sent_by_name = models.CharField(max_length=200)
    signed_at = models.DateTimeField(null=True)
    signed_by = models.CharField(max_length=100, blank=True)
    signed_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "custody_note"
        indexes = (
            models.Index(fields=["target", "state"], name="custody_note_to"),
            models.Index(fields=["source", "state"], name="custody_note_from"),
        )
        constraints = (
            models.UniqueConstraint(fields=["once"], name="custody_note_once"),
            models.CheckConstraint(
                condition=Q(state__in=NoteState.values) & Q(quantity__gt=0),
                name="custody_note_state",
            ),
            models.CheckConstraint(
                condition=~Q(sent_by=F("signed_by")), name="custody_note_two_sides"
            ),
        )


class CaseKind(models.TextChoices):
    """What a case is about."""

    MISSING = "missing", "短少"
    DESTRUCTION = "destruction", "销毁"


class CaseState(models.TextChoices):
    """Where a case stands; `opening` and `closing`: kept, and the books not yet asked."""

    OPENING = "opening", "登记中"
    OPEN = "open", "待说明"
    PROPOSED = "proposed", "待复核"
    CLOSING = "closing", "结案中"
    CLOSED = "closed", "已结案"
    DROPPED = "dropped", "已取消"


class Verdict(models.TextChoices):
    """What became of the pieces, in the ledger's words."""

    FIND = "find", "找到"
    LOSE = "lose", "遗失"
    DESTROY = "destroy", "销毁"


class PaperCase(models.Model):
    """Pieces that a count did not find, or that are to be destroyed: one person says what becomes
    of them, another confirms it.

    `is_alert`: so many that those above should look at it.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=16, choices=CaseKind)
    batch = models.ForeignKey(CampaignBatch, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    note = models.ForeignKey(TransferNote, models.PROTECT, null=True, related_name="cases")
    parts = models.JSONField()
    quantity = models.IntegerField()
    is_alert = models.BooleanField()
    state = models.CharField(max_length=16, choices=CaseState, default=CaseState.OPENING)
    once = models.CharField(max_length=80)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=100)
    opened_by_name = models.CharField(max_length=200)
    verdict = models.CharField(max_length=16, choices=Verdict, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    proposed_by = models.CharField(max_length=100, blank=True)
    proposed_by_name = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=100, blank=True)
    closed_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "custody_case"
        indexes = (models.Index(fields=["organisation", "state"], name="custody_case_of"),)
        constraints = (
            models.UniqueConstraint(fields=["once"], name="custody_case_once"),
            models.CheckConstraint(
                condition=Q(state__in=CaseState.values)
                & Q(kind__in=CaseKind.values)
                & Q(quantity__gt=0),
                name="custody_case_state",
            ),
            models.CheckConstraint(
                condition=Q(closed_by="") | ~Q(proposed_by=F("closed_by")),
                name="custody_case_two_people",
            ),
        )
