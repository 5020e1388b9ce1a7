"""Customers as a Django application."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Customers."""

    name = "kaquan.customers"
    label = "customers"
    verbose_name = "客户 · Customers"
