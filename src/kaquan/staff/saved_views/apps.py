"""Saved views as a Django application."""

from django.apps import AppConfig


class SavedViewsConfig(AppConfig):
    """What people keep of the lists that they use."""

    name = "kaquan.staff.saved_views"
    label = "saved_views"
    verbose_name = "保存的视图 · Saved views"
