"""Jobs as a Django application."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Records of long work."""

    name = "kaquan.foundation.jobs"
    label = "jobs"
    verbose_name = "后台任务 · Jobs"
