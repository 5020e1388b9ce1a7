"""The management API as a Django application: the page that shows its description."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The management API."""

    name = "kaquan.surfaces.api"
    label = "api"
    verbose_name = "管理接口 · Management API"
