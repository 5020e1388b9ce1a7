"""Redemption as a Django application."""

from django.apps import AppConfig


class RedemptionConfig(AppConfig):
    """Orders, and the use of vouchers on them."""

    name = "kaquan.redemption"
    label = "redemption"
    verbose_name = "核销 · Redemption"

    def ready(self) -> None:
        """Let approvals know what can be asked for here."""
        from kaquan.approvals.kinds import register  # noqa: PLC0415  # models are ready only now
        from kaquan.redemption import bulk_care, within_authority  # noqa: PLC0415

        for kind in (*within_authority.KINDS, bulk_care.KIND):
            register(kind)
