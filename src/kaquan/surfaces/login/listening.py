"""What follows when somebody changes their own password."""

from typing import Any

from allauth.account.signals import password_changed, password_set

from kaquan.staff.actions import note_password_changed
from kaquan.staff.models import StaffUser


def connect() -> None:
    """Begin to listen; a second time changes nothing."""
    for signal in (password_changed, password_set):
        signal.connect(_note, dispatch_uid="kaquan-note-password")


def _note(*, user: StaffUser, **_others: Any) -> None:
    note_password_changed(user=user)
