"""The organisation tree as a Django application."""

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    """The organisation tree."""

    name = "kaquan.organisations"
    label = "organisations"
    verbose_name = "组织 · Organisations"
