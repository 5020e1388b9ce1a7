"""Budgets as a Django application."""

from django.apps import AppConfig


class BudgetsConfig(AppConfig):
    """Budgets and who pays for them."""

    name = "kaquan.budgets"
    label = "budgets"
    verbose_name = "预算 · Budgets"
