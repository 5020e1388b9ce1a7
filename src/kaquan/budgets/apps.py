"""Budgets as a Django application."""

from django.apps import AppConfig


class BudgetsConfig(AppConfig):
    """Budgets and who pays for them."""

    name = "kaquan.budgets"
    label = "budgets"
    verbose_name = "预算 · Budgets"

    def ready(self) -> None:
        """Tell approvals what may be asked for about budgets."""
        from kaquan.budgets.approved import register_kinds  # noqa: PLC0415  # needs the models

        register_kinds()
