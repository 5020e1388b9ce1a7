"""Redemption as a Django application."""

from django.apps import AppConfig


class RedemptionConfig(AppConfig):
    """Orders, and the use of vouchers on them."""

    name = "kaquan.redemption"
    label = "redemption"
    verbose_name = "核销 · Redemption"
