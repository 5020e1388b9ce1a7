"""Access as a Django application."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """API clients, their keys, and what they have tried."""

    name = "kaquan.access"
    label = "access"
    verbose_name = "接入 · Access"
