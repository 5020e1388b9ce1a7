"""Custody of paper as a Django application."""

from django.apps import AppConfig


class CustodyConfig(AppConfig):
    """Notes that await a signature, and cases that two people close; pieces are in the ledger."""

    name = "kaquan.custody"
    label = "custody"
    verbose_name = "纸券保管 · Custody of paper"
