"""The change log as a Django application."""

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    """Who changed what of the configuration."""

    name = "kaquan.foundation.changes"
    label = "changes"
    verbose_name = "变更记录 · Changes"
