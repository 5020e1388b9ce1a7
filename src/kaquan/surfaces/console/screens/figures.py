"""Screens of figures: a query form above panels, and what may be asked for besides.

What was asked stands in the address; what is posted does something and leads back there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.http.response import HttpResponseBase

from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, Values, read_all
from kaquan.surfaces.console.kit.panels import Panel
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words

Button = tuple[str, Text]
"""What is posted as ``do``, and its words."""


class FiguresScreen(Screen):
    """A screen of panels about what a query form asks for."""

    fields: ClassVar[Sequence[Field]] = ()
    note: ClassVar[Text] = ""

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """The query form; with options of the actor's own where a field needs them."""
        del actor
        return self.fields

    def panels(self, call: Call, values: Values) -> Sequence[Panel]:
        """What there is to see; raises `value_invalid` and ``…_unknown``."""
        raise NotImplementedError

    def buttons(self, call: Call) -> Sequence[Button]:
        """What may be asked for."""
        del call
        return ()

    def do(self, call: Call, name: str, values: Values) -> Text:
        """Do what a button asks for; says what was done."""
        del call, name, values
        raise Http404

    def refreshes(self, call: Call) -> bool:
        """Whether something on the page is under way, so that it is worth looking again."""
        del call
        return False

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The panels; for POST, what a button asked for."""
        del key
        values, filled = read_all(self.query_fields(call.actor), call.request.GET)
        has_fault = any(one.error for one in filled)
        if call.request.method == "POST":
            name = call.request.POST.get("do", "")
            if has_fault or name not in dict(self.buttons(call)):
                raise Http404
            messages.success(call.request, str(self.do(call, name, values)))
            return HttpResponseRedirect(call.request.get_full_path())
        panels: Sequence[Panel] = ()
        error = ""
        try:
            panels = () if has_fault else self.panels(call, values)
        except KaquanError as fault:
            if fault.exit_code is ExitCode.PERMISSION_DENIED:
                raise
            error = in_words(fault)
        context = {
            "filled": filled,
            "error": error,
            "panels": panels,
            "buttons": self.buttons(call) if not (has_fault or error) else (),
            "note": self.note,
            "refreshes": self.refreshes(call),
        }
        status = 422 if has_fault or error else 200
        return self.page(call, "console/figures.html", context, status=status)
