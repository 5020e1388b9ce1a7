"""The registration desk as a Django application."""

from django.apps import AppConfig


class RegistrationConfig(AppConfig):
    """Bundles and the slips in them."""

    name = "kaquan.registration"
    label = "registration"
    verbose_name = "手工登记 · Registration desk"

    def ready(self) -> None:
        """Whoever is forgotten is forgotten here too."""
        from kaquan.customers.erasing import forgets_too  # noqa: PLC0415  # models, ready only now
        from kaquan.registration.forgetting import forget_holder  # noqa: PLC0415

        forgets_too(forget_holder)
