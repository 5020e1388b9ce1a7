"""The pages as a Django application: templates, static files and their Chinese."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The pages."""

    name = "kaquan.surfaces.web"
    label = "web"
    verbose_name = "网页 · Pages"
