"""Organisations as forms ask for them: by name, code or pinyin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.models import OrganisationKind
from kaquan.organisations.queries import organisation_by_id, own_organisation_id
from kaquan.organisations.searching import node_named

NODE_HINT = _("Name, code or pinyin; empty: all of your part.")


class FormFaultError(KaquanError):
    """What was typed names nothing; the form is shown again with it, and not a page of its own."""

    def __init__(self, fault: KaquanError) -> None:
        super().__init__("value_invalid", zh=fault.zh, en=fault.en, exit_code=fault.exit_code)


@contextmanager
def typed_wrong(*codes: str) -> Iterator[None]:
    """An error of one of these codes is one of the form: something that was typed into it names
    nothing."""
    try:
        yield
    except KaquanError as error:
        if error.code not in codes:
            raise
        raise FormFaultError(error) from None


def node_id(actor: Actor, text: str | None) -> int | None:
    """The node that somebody named, None for none; raises `FormFaultError`."""
    if not text:
        return None
    with typed_wrong("organisation_unknown"):
        return node_named(actor, text).id


def own_store(actor: Actor) -> str:
    """The name of the one store that somebody acts in; empty for who sees more than one."""
    own = own_organisation_id(actor)
    node = organisation_by_id(actor, own) if own else None
    return node.name if node is not None and node.kind == OrganisationKind.STORE else ""
