"""The management API as a Django application: the page that shows its description."""

from django.apps import AppConfig
from django.core.signals import request_finished

from kaquan.ledger.door import close_door


class ApiConfig(AppConfig):
    """The management API."""

    name = "kaquan.surfaces.api"
    label = "api"
    verbose_name = "管理接口 · Management API"

    def ready(self) -> None:
        """See `give_writer_back`."""
        request_finished.connect(give_writer_back, dispatch_uid="kaquan.api")


def give_writer_back(**_signal: object) -> None:
    """A request has a thread of its own, and with it a writer with a lane: both end with it."""
    close_door()
