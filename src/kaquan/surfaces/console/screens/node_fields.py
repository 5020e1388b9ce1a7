"""Organisations as forms ask for them: by name, code or pinyin."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.searching import node_named

NODE_HINT = _("Name, code or pinyin; empty: all of your part.")


class FormFaultError(KaquanError):
    """What was typed names nothing; the form is shown again with it, and not a page of its own."""

    def __init__(self, fault: KaquanError) -> None:
        super().__init__("value_invalid", zh=fault.zh, en=fault.en, exit_code=fault.exit_code)


def node_id(actor: Actor, text: str | None) -> int | None:
    """The node that somebody named, None for none; raises `FormFaultError`."""
    if not text:
        return None
    try:
        return node_named(actor, text).id
    except KaquanError as error:
        raise FormFaultError(error) from None
