"""Photos of paper are kept for some days and no longer."""

from __future__ import annotations

import logging
import threading

from django.db import connections

from kaquan.foundation import clock
from kaquan.registration.pages import delete_old_pages
from kaquan.registration.photos import delete_old_photos

NAME = "photo-retention"
PAUSE_S = 0.5
IDLE_S = 3_600.0

log = logging.getLogger(__name__)


def delete_old(stop: threading.Event) -> None:
    """Delete what is too old, part by part, and look again every hour until told to stop."""
    try:
        while not stop.is_set():
            stop.wait(PAUSE_S if _step() else IDLE_S)
    finally:
        connections.close_all()


def _step() -> int:
    """One part; how much was deleted. What fails now is tried again in an hour."""
    try:
        at = clock.now()
        return delete_old_photos(at) + delete_old_pages(at)
    except Exception:
        log.exception("old photos could not be deleted")
        return 0
