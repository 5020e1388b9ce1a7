"""Things that people do to something: a button, a question that names the thing, an answer.

The question is a page of its own, so it works without a script and can be opened again; its form
carries a name for this one request, so that a double click does the thing once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from kaquan.foundation.actor import Actor
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.menu import holds

Subject = TypeVar("Subject")
_ONCE_BYTES = 16
_ONCE_CHARACTERS_MAX = 64


class Doing(NamedTuple):
    """Who does it, what they filled in, and the request's own name."""

    actor: Actor
    values: Values
    once: str


@dataclass(frozen=True, slots=True)
class Action(Generic[Subject]):
    """``question`` names the subject; ``run`` does it and says what was done, or raises."""

    name: str
    title: Text
    permission: str
    question: Callable[[Subject], Text]
    run: Callable[[Subject, Doing], Text]
    fields: tuple[Field, ...] = ()
    danger: bool = False
    bulk: bool = False
    offered: Callable[[Subject], bool] = lambda _: True
    consequence: Text = ""
    leads_to: str = ""
    """The screen to go to when it is done, where the subject is gone by then."""


def offered(
    actions: Sequence[Action[Subject]], actor: Actor, subject: Subject
) -> list[Action[Subject]]:
    """What an actor may do to a subject as it stands."""
    return [one for one in actions if holds(actor, one.permission) and one.offered(subject)]


def action_named(actions: Sequence[Action[Subject]], name: str) -> Action[Subject] | None:
    """The action of this name."""
    return next((one for one in actions if one.name == name), None)


def new_name() -> str:
    """A request's own name."""
    return secrets.token_urlsafe(_ONCE_BYTES)


def name_in(request: HttpRequest) -> str:
    """The name that came with a form; a new one where it is missing or none of ours."""
    once: str = request.POST.get("once", "")
    is_ours = 0 < len(once) <= _ONCE_CHARACTERS_MAX and once.isascii() and once.isprintable()
    return once if is_ours else new_name()


def way_back(request: HttpRequest, otherwise: str) -> str:
    """Where someone came from, if that is one of our own addresses."""
    sent: Any = request.POST.get("back") or request.GET.get("back") or ""
    is_own = sent.startswith("/") and url_has_allowed_host_and_scheme(sent, allowed_hosts=None)
    return sent if is_own else otherwise
