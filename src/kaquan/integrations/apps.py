"""Integrations as a Django application."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """The event feed and webhooks."""

    name = "kaquan.integrations"
    label = "integrations"
    verbose_name = "集成 · Integrations"
