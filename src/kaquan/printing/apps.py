"""Printing as a Django application."""

from django.apps import AppConfig


class PrintingConfig(AppConfig):
    """Faces of paper vouchers and print runs."""

    name = "kaquan.printing"
    label = "printing"
    verbose_name = "印制 · Printing"
