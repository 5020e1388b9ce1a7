"""Lists that are written to the download centre by themselves, when their time comes."""

from __future__ import annotations

import logging
import threading
from datetime import datetime

from django.db import connections, transaction
from django.http import QueryDict
from django.utils.text import format_lazy

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.staff.saved_views import scheduling
from kaquan.staff.saved_views.models import SavedView
from kaquan.surfaces.console.kit import exports
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.screens import LISTS

NAME = "scheduled-views"
LOOK_S = 30.0

log = logging.getLogger(__name__)


def run(stop: threading.Event) -> None:
    """Look again and again, until told to stop."""
    try:
        while not stop.is_set():
            export_due(clock.now())
            stop.wait(LOOK_S)
    finally:
        connections.close_all()


def export_due(at: datetime) -> int:
    """Begin every export whose time has come; how many. Of two servers one begins each."""
    begun = 0
    while True:
        with transaction.atomic():
            view = scheduling.take_due(at)
            if view is None:
                return begun
            actor = scheduling.owner_of(view, at)
            if actor is not None:
                begun += _begin(view, actor, at)


def _begin(view: SavedView, actor: Actor, at: datetime) -> bool:
    screen = next((one for one in LISTS if one.name == view.screen and one.exported), None)
    if screen is None or not holds(actor, screen.permission):
        return False  # who may see the list no more gets no file
    try:
        with transaction.atomic():
            exports.start(
                actor,
                screen=screen.name,
                title=format_lazy("{} · {}", screen.title, view.name),
                permission=screen.permission,
                asked=QueryDict(view.query),
            )
    except KaquanError as error:
        log.warning("view %d is exported a little later: %s", view.id, error.code)
        scheduling.put_off(view, at)
        return False
    return True
