"""The wallet's pages as a Django application."""

from django.apps import AppConfig


class WalletPagesConfig(AppConfig):
    """The pages under /w/."""

    name = "kaquan.surfaces.wallet"
    label = "wallet_pages"
    verbose_name = "卡包网页 · Wallet pages"
