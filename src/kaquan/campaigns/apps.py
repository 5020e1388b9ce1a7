"""Campaigns as a Django application."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Campaigns and their batches."""

    name = "kaquan.campaigns"
    label = "campaigns"
    verbose_name = "活动 · Campaigns"
