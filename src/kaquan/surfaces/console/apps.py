"""The console as a Django application: templates, static files and their Chinese."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The console."""

    name = "kaquan.surfaces.console"
    label = "console"
    verbose_name = "运营后台 · Console"
