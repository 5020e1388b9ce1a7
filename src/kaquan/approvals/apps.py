"""Approvals as a Django application."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Requests, rules and decisions."""

    name = "kaquan.approvals"
    label = "approvals"
    verbose_name = "审批 · Approvals"
