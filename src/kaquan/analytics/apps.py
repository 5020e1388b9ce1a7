"""Analytics as a Django application."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Counters, the last events, the state of the proof."""

    name = "kaquan.analytics"
    label = "analytics"
    verbose_name = "分析 · Analytics"
