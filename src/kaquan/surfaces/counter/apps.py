"""The counter's pages as a Django application."""

from django.apps import AppConfig


class CounterConfig(AppConfig):
    """The pages under /counter/."""

    name = "kaquan.surfaces.counter"
    label = "counter_pages"
    verbose_name = "收银台 · Counter"
