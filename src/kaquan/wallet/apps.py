"""The wallet as a Django application."""

from django.apps import AppConfig


class WalletConfig(AppConfig):
    """Claim links, logins by phone, gifts."""

    name = "kaquan.wallet"
    label = "wallet"
    verbose_name = "卡包 · Wallet"
