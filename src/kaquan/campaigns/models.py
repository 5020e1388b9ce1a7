"""Campaigns, and the batches of vouchers that belong to them."""

from django.db import models
from django.db.models import F, Q

from kaquan.budgets.models import Budget
from kaquan.offers.models import OfferVersion
from kaquan.organisations.models import Organisation


class Campaign(models.Model):
    """What vouchers are given away for. `kind` is the issuer's own word, such as 拉新.

    `organisation` is whose campaign it is, None the whole issuer's.
    """

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=32)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    goal = models.TextField(blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "campaigns_campaign"
        constraints = (
            models.UniqueConstraint(fields=["code"], name="campaigns_campaign_code"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="campaigns_campaign_ends_later"
            ),
        )


class CampaignBatch(models.Model):
    """A batch under one version of an offer; its id is that of the ledger's batch."""

    id = models.AutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="batches")
    offer_version = models.ForeignKey(OfferVersion, models.PROTECT, related_name="+")
    budget = models.ForeignKey(Budget, models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=100)
    by_code = models.BooleanField()

    class Meta:
        db_table = "campaigns_campaignbatch"
        constraints = (
            models.UniqueConstraint(
                fields=["campaign", "name"], name="campaigns_campaignbatch_name"
            ),
        )
