"""Login as a Django application."""

from django.apps import AppConfig


class LoginConfig(AppConfig):
    """The pages where people log in and look after their access."""

    name = "kaquan.surfaces.login"
    label = "login"
    verbose_name = "登录 · Login"

    def ready(self) -> None:
        """Listen to what happens to passwords."""
        from kaquan.surfaces.login import listening  # noqa: PLC0415  # needs the models

        listening.connect()
