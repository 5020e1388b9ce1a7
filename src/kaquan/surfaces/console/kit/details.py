"""A page about one thing: its name, its state, what may be done to it, and tabs of panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import KaquanError
from kaquan.surfaces.console.kit.actions import (
    Action,
    Doing,
    action_named,
    name_in,
    new_name,
    offered,
    way_back,
)
from kaquan.surfaces.console.kit.cells import Cell, Text
from kaquan.surfaces.console.kit.fields import Filled, read_all
from kaquan.surfaces.console.kit.live import Part, Reading, parts_of
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Panel, Tab
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words

Subject = TypeVar("Subject")


class DetailScreen(Screen, Generic[Subject]):
    """A screen about one thing. Its ``path`` ends with the part that names it, ``<…:key>``."""

    tabs: ClassVar[Sequence[Tab]]
    actions: ClassVar[Sequence[Action[Any]]] = ()
    links: ClassVar[Sequence[tuple[str, Text, str]]] = ()
    """Screens that a button leads to: the name of the address, words, permission."""

    def subject(self, actor: Actor, key: Any) -> Subject:
        """The thing; raises ``…_unknown`` where there is none for this actor."""
        raise NotImplementedError

    def heading(self, subject: Subject) -> str:
        """Its name."""
        raise NotImplementedError

    def badges(self, subject: Subject) -> Sequence[Cell]:
        """Its state."""
        del subject
        return ()

    def shows_link(self, name: str, subject: Subject) -> bool:
        """Whether a link makes sense for a subject as it stands."""
        del name, subject
        return True

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The page; the tab is named in the address."""
        subject = self.subject(call.actor, key["key"])
        asked = call.request.GET.get("tab", "")
        tabs = self._open_to(call.actor)
        tab = next((one for one in tabs if one.name == asked), tabs[0])
        panels = tab.panels(call, subject)
        here = urlencode({"back": call.request.get_full_path()})
        own = self.address(key=key["key"])
        context = {
            "heading": self.heading(subject),
            "badges": self.badges(subject),
            "tabs": [(one, f"{own}?tab={one.name}", one is tab) for one in tabs],
            "panels": self._shown(panels, tab),
            "live_address": self.live_address(call, key=key["key"], tab=tab.name)
            if tab.follows
            else "",
            "actions": [
                (one, f"{action_address(self, key['key'], one)}?{here}")
                for one in offered(self.actions, call.actor, subject)
            ],
            "links": [
                (reverse(f"console:{name}", kwargs={"key": key["key"]}), words)
                for name, words, permission in self.links
                if holds(call.actor, permission) and self.shows_link(name, subject)
            ],
        }
        return self.page(call, "console/detail.html", context)

    def _shown(self, panels: Sequence[Panel], tab: Tab) -> list[tuple[Panel, Part | None]]:
        """Each panel, drawn already where it is told live."""
        parts = {one.name: one for one in parts_of(panels, self.title)} if tab.follows else {}
        return [(panel, parts.get(f"part-{number}")) for number, panel in enumerate(panels)]

    def _open_to(self, actor: Actor) -> list[Tab]:
        return [one for one in self.tabs if not one.permission or holds(actor, one.permission)]

    def moves(self) -> bool:
        """Whether one of its tabs does."""
        return any(one.follows for one in self.tabs)

    def live_key(self, text: str) -> dict[str, Any] | None:
        """The thing that a stream's address names."""
        try:
            return {"key": UUID(text) if "<uuid:" in self.path else int(text[:20])}
        except ValueError:
            return None

    def live_reading(self, call: Call, *, tab: str, **key: Any) -> Reading:
        """A tab's panels as they are; raises ``…_unknown``."""
        subject = self.subject(call.actor, key["key"])
        tabs = self._open_to(call.actor)
        shown = next((one for one in tabs if one.name == tab), tabs[0])
        if shown.follows is None:
            raise Http404
        panels = shown.panels(call, subject)
        batch_ids = frozenset(shown.follows(subject))
        return Reading(parts_of(panels, self.title), batch_ids, frozenset())


def action_address(screen: DetailScreen[Any], key: Any, action: Action[Any]) -> str:
    """Where the question of an action is."""
    names = {"key": key, "action": action.name}
    return reverse(f"console:{screen.name}-action", kwargs=names)


class ActionScreen(Screen):
    """The question before an action of a detail screen; its answer does it."""

    def __init__(self, detail: DetailScreen[Any]) -> None:
        self.detail = detail
        # Of this object, not of the class: one question screen for each detail screen.
        self.name = f"{detail.name}-action"  # type: ignore[misc]
        self.path = f"{detail.path}/do/<slug:action>"  # type: ignore[misc]
        self.title = detail.title  # type: ignore[misc]
        self.permission = detail.permission  # type: ignore[misc]
        self.parent = detail.parent  # type: ignore[misc]

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """Ask, or do it and go back."""
        action = action_named(self.detail.actions, key["action"])
        if action is None:
            raise Http404
        if action.permission:
            require(call.actor, action.permission)
        subject = self.detail.subject(call.actor, key["key"])
        back = way_back(call.request, self.detail.address(key=key["key"]))
        if call.request.method != "POST":
            filled = [Filled(field) for field in action.fields]
            return self._question(call, action, subject, filled=filled, back=back, once=new_name())
        values, filled = read_all(action.fields, call.request.POST)
        once = name_in(call.request)
        if any(one.error for one in filled):
            return self._question(
                call, action, subject, filled=filled, back=back, once=once, status=422
            )
        try:
            done = action.run(subject, Doing(call.actor, values, once))
        except KaquanError as error:
            return self._question(
                call,
                action,
                subject,
                filled=filled,
                back=back,
                once=new_name(),
                error=in_words(error),
                status=409,
            )
        messages.success(call.request, str(done))
        gone = reverse(f"console:{action.leads_to}") if action.leads_to else ""
        return HttpResponseRedirect(gone or back)

    def _question(
        self,
        call: Call,
        action: Action[Any],
        subject: Any,
        *,
        filled: Sequence[Filled],
        back: str,
        once: str,
        error: str = "",
        status: int = 200,
    ) -> HttpResponseBase:
        context = {
            "title": action.title,
            "action": action,
            "question": action.question(subject),
            "filled": filled,
            "back": back,
            "once": once,
            "error": error,
        }
        return self.page(call, "console/question.html", context, status=status)
