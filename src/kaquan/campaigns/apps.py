"""Campaigns as a Django application."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Campaigns and their batches."""

    name = "kaquan.campaigns"
    label = "campaigns"
    verbose_name = "活动 · Campaigns"

    def ready(self) -> None:
        """Let approvals know what can be asked for of campaigns."""
        from kaquan.campaigns.approving import register_kinds  # noqa: PLC0415  # needs models

        register_kinds()
