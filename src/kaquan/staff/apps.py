"""Staff as a Django application."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """People with an account, and their roles."""

    name = "kaquan.staff"
    label = "staff"
    verbose_name = "员工 · Staff"

    def ready(self) -> None:
        """Let approvals know who holds which role."""
        from kaquan.approvals.holders import lay_open  # noqa: PLC0415  # models are ready only now
        from kaquan.staff.role_book import StaffRoles  # noqa: PLC0415  # the same

        lay_open(StaffRoles())
