"""Terminals as a Django application."""

from django.apps import AppConfig


class TerminalsConfig(AppConfig):
    """Devices, shifts, and what was done at the counter."""

    name = "kaquan.terminals"
    label = "terminals"
    verbose_name = "终端 · Terminals"
