"""Rules, requests and decisions. Who asks never decides: the database holds that as well."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kaquan.organisations.models import Organisation


class RequestState(models.TextChoices):
    """How a request stands; every state but `open` is its end."""

    OPEN = "open", "待审批"
    APPROVED = "approved", "已同意"
    REJECTED = "rejected", "已驳回"
    CHANGES_REQUESTED = "changes_requested", "退回修改"
    WITHDRAWN = "withdrawn", "已撤回"


class Verdict(models.TextChoices):
    """What someone decides at a level."""

    APPROVE = "approve", "同意"
    REJECT = "reject", "驳回"
    REQUEST_CHANGES = "request_changes", "退回修改"


class ApprovalRule(models.Model):
    """Who must agree to requests of a kind from a node (None: anywhere), from an amount on.

    `levels` are asked one after another, each ``{"role": code, "at": "own|region|head_office"}``;
    an empty role is anybody who may approve the kind.
    """

    id = models.AutoField(primary_key=True)
    kind = models.CharField(max_length=64)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    from_amount_fen = models.BigIntegerField(default=0)
    levels = models.JSONField()

    class Meta:
        db_table = "approvals_rule"
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "organisation", "from_amount_fen"],
                nulls_distinct=False,
                name="approvals_rule_once",
            ),
            models.CheckConstraint(
                condition=Q(from_amount_fen__gte=0), name="approvals_rule_amount"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.from_amount_fen}"


class ApprovalRequest(models.Model):
    """Something that somebody asks for. `content` is what will be done, `content_hash` its SHA-256.

    `levels` are those that the rules asked for at the time, each with the id of its node; `level`
    counts those that agreed. `waits_at` and `waits_role` are the node and the role of the level
    that is asked now. `revision` moves with each decision, so that nobody decides on what they have
    not seen.
    """

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    amount_fen = models.BigIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=20, choices=RequestState, default=RequestState.OPEN)
    levels = models.JSONField()
    level = models.SmallIntegerField(default=0)
    waits_at = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    waits_role = models.CharField(max_length=64, blank=True)
    revision = models.IntegerField(default=1)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=100)
    asked_by_name = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "approvals_request"
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "subject_kind", "subject_id"],
                condition=Q(state="open"),
                name="approvals_request_open_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=RequestState.values), name="approvals_request_state"
            ),
            models.CheckConstraint(
                condition=Q(state="open", ended_at__isnull=True)
                | (~Q(state="open") & Q(ended_at__isnull=False)),
                name="approvals_request_end",
            ),
            models.CheckConstraint(condition=Q(amount_fen__gte=0), name="approvals_request_amount"),
            models.UniqueConstraint(fields=["id", "asked_by"], name="approvals_request_asker"),
        )
        indexes = (
            models.Index(fields=["id"], condition=Q(state="open"), name="approvals_request_open"),
            models.Index(fields=["asked_by", "id"], name="approvals_request_by"),
            models.Index(
                fields=["subject_kind", "subject_id", "id"], name="approvals_request_subject"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_kind}:{self.subject_id}"


class ApprovalDecision(models.Model):
    """What somebody decided at a level; never changed. `asked_by` is the request's own."""

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(ApprovalRequest, models.PROTECT, related_name="decisions")
    level = models.SmallIntegerField()
    verdict = models.CharField(max_length=20, choices=Verdict)
    comment = models.CharField(max_length=1_000, blank=True)
    at = models.DateTimeField()
    decided_by = models.CharField(max_length=100)
    decided_by_name = models.CharField(max_length=200)
    asked_by = models.CharField(max_length=100)

    class Meta:
        db_table = "approvals_decision"
        constraints = (
            models.UniqueConstraint(fields=["request", "level"], name="approvals_decision_level"),
            models.UniqueConstraint(
                fields=["request", "decided_by"], name="approvals_decision_person"
            ),
            models.CheckConstraint(
                condition=~Q(decided_by=F("asked_by")), name="approvals_decision_of_another"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=Verdict.values), name="approvals_decision_verdict"
            ),
        )

    def __str__(self) -> str:
        return f"{self.request_id} {self.level} {self.verdict}"
