"""Campaigns, and the batches of vouchers that belong to them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from kaquan.budgets.models import Budget
from kaquan.offers.models import OfferVersion
from kaquan.organisations.models import Organisation


class CampaignStatus(models.TextChoices):
    """How far a campaign has come; see docs/decisions/0022."""

    DRAFT = "draft", "草稿"
    WAITING = "waiting", "待审批"
    APPROVED = "approved", "已批准"
    RUNNING = "running", "进行中"
    PAUSED = "paused", "已暂停"
    STOPPED = "stopped", "已停止"
    OVER = "over", "已结束"


class Booked(models.TextChoices):
    """What the ledger was told of a campaign's batches: nothing, or the state they are in."""

    NOTHING = "", "—"
    PAUSED = "paused", "已暂停"
    RUNNING = "running", "进行中"
    STOPPED = "stopped", "已停止"


class Jurisdiction(models.TextChoices):
    """Whose law a campaign keeps to; elsewhere nothing is checked."""

    MAINLAND = "cn", "中国大陆"
    ELSEWHERE = "other", "其他地区"


class Campaign(models.Model):
    """What vouchers are given away for. `kind` is the issuer's own word, such as 拉新.

    `organisation` is whose campaign it is, None the whole issuer's. `by_schedule`: it was approved
    and starts and ends by its days; else it runs from the moment it was made, as far as terms
    allow. `booked` follows `status`: where they differ, the background brings the ledger up.
    `paused_batches` are those to be let run when the campaign goes on; `fault` is the code of the
    refusal that keeps it from being brought up. What it sells is checked against the law of its
    `jurisdiction` (`laws.py`).
    """

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=32)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    goal = models.TextField(blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    status = models.CharField(
        max_length=16,
        choices=CampaignStatus,
        default=CampaignStatus.RUNNING,
        db_default=CampaignStatus.RUNNING,
    )
    by_schedule = models.BooleanField(default=False, db_default=False)
    booked = models.CharField(
        max_length=16, choices=Booked, default=Booked.RUNNING, db_default="running", blank=True
    )
    paused_batches = ArrayField(models.IntegerField(), default=list, db_default=[])
    fault = models.CharField(max_length=64, default="", db_default="", blank=True)
    jurisdiction = models.CharField(
        max_length=16, choices=Jurisdiction, default=Jurisdiction.MAINLAND, db_default="cn"
    )

    class Meta:
        db_table = "campaigns_campaign"
        indexes = (models.Index(fields=["status", "id"], name="campaigns_campaign_status"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=CampaignStatus.values),
                name="campaigns_campaign_status_known",
            ),
            models.CheckConstraint(
                condition=Q(booked__in=Booked.values), name="campaigns_campaign_booked_known"
            ),
            models.CheckConstraint(
                condition=Q(jurisdiction__in=Jurisdiction.values),
                name="campaigns_campaign_jurisdiction_known",
            ),
            models.UniqueConstraint(fields=["code"], name="campaigns_campaign_code"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="campaigns_campaign_ends_later"
            ),
        )


class CampaignBatch(models.Model):
    """A batch under one version of an offer; its id is that of the ledger's batch.

    `quantity` and `active` are what it is opened with; without a quantity it was opened before
    that was kept. While its campaign is a draft or waits, the ledger does not know it.
    """

    id = models.AutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="batches")
    offer_version = models.ForeignKey(OfferVersion, models.PROTECT, related_name="+")
    budget = models.ForeignKey(Budget, models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=100)
    by_code = models.BooleanField()
    quantity = models.BigIntegerField(null=True)
    active = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "campaigns_campaignbatch"
        constraints = (
            models.UniqueConstraint(
                fields=["campaign", "name"], name="campaigns_campaignbatch_name"
            ),
        )


class CampaignDraft(models.Model):
    """A campaign that somebody is writing, or a template to begin from.

    `content` holds text for each field as it was typed, `touched` the revision that changed it
    last. Once it was handed in, `campaign` is what it became. Colleagues of the same part of the
    organisation see it and may go on with it.
    """

    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=100, blank=True)
    is_template = models.BooleanField(default=False)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    campaign = models.OneToOneField(Campaign, models.SET_NULL, null=True, related_name="draft")
    maker = models.CharField(max_length=100)
    maker_name = models.CharField(max_length=200)
    content = models.JSONField(default=dict)
    touched = models.JSONField(default=dict)
    step = models.CharField(max_length=16)
    revision = models.IntegerField(default=1)
    changed_by_name = models.CharField(max_length=200)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "campaigns_draft"
        indexes = (models.Index(fields=["is_template", "id"], name="campaigns_draft_newest"),)
