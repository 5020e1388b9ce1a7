"""The Django app of offline use."""

from django.apps import AppConfig


class OfflineConfig(AppConfig):
    """Tables of what tills were allowed without a network, and what they told afterwards."""

    name = "kaquan.offline"
    label = "offline"
