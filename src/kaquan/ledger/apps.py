"""The ledger as a Django application: it brings migrations, and no models that could write."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The books."""

    name = "kaquan.ledger"
    label = "ledger"
    verbose_name = "账本 · Ledger"
