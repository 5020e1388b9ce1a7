"""The registration desk as a Django application."""

from django.apps import AppConfig


class RegistrationConfig(AppConfig):
    """Bundles and the slips in them."""

    name = "kaquan.registration"
    label = "registration"
    verbose_name = "手工登记 · Registration desk"
