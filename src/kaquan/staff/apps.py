"""Staff as a Django application."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """People with an account, and their roles."""

    name = "kaquan.staff"
    label = "staff"
    verbose_name = "员工 · Staff"
