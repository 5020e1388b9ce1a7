"""Offers as a Django application."""

from django.apps import AppConfig


class OffersConfig(AppConfig):
    """Offers and the products they are about."""

    name = "kaquan.offers"
    label = "offers"
    verbose_name = "券模板 · Offers"
