"""One action for many rows: a question that names them all, then each by itself.

Each row is done or refused on its own; what was refused is said with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from kaquan.foundation.actor import require
from kaquan.foundation.errors import KaquanError
from kaquan.surfaces.console.kit.actions import Action, Doing, name_in, new_name, way_back
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Filled, read_all
from kaquan.surfaces.console.kit.lists import ListScreen
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words

ROWS_MAX = 100


class BulkScreen(Screen):
    """The bulk actions of a list whose rows are the subjects of a detail screen."""

    def __init__(self, rows: ListScreen[Any], detail: DetailScreen[Any]) -> None:
        self.rows = rows
        self.detail = detail
        self.name = f"{rows.name}-bulk"  # type: ignore[misc]  # of this object, see ActionScreen
        self.path = f"{rows.path}/bulk/<slug:action>"  # type: ignore[misc]
        self.title = rows.title  # type: ignore[misc]
        self.permission = rows.permission  # type: ignore[misc]
        self.parent = rows.name  # type: ignore[misc]

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """Ask about the chosen rows; once that is answered, do it."""
        action = next(
            (one for one in self.rows.actions if one.bulk and one.name == key["action"]), None
        )
        if action is None:
            raise Http404
        require(call.actor, action.permission)
        back = way_back(call.request, self.rows.address())
        # Whoever comes back from a login comes without their rows: there is nothing to ask about.
        chosen = list(dict.fromkeys(call.request.POST.getlist("chosen")))[:ROWS_MAX]
        if not chosen:
            messages.warning(call.request, _("Choose some rows first."))
            return HttpResponseRedirect(back)
        subjects = [self.detail.subject(call.actor, _key(one)) for one in chosen]
        named = {
            row: self.detail.heading(subject) for row, subject in zip(chosen, subjects, strict=True)
        }
        if "confirmed" not in call.request.POST:
            filled = [Filled(field) for field in action.fields]
            return self._question(
                call, action, chosen=named, filled=filled, back=back, once=new_name()
            )
        values, filled = read_all(action.fields, call.request.POST)
        once = name_in(call.request)
        if any(one.error for one in filled):
            return self._question(
                call, action, chosen=named, filled=filled, back=back, once=once, status=422
            )
        done = 0
        for subject, (row, name) in zip(subjects, named.items(), strict=True):
            try:
                action.run(subject, Doing(call.actor, values, f"{once}:{row}"))
                done += 1
            except KaquanError as error:
                messages.error(call.request, f"{name}: {in_words(error)}")
        if done:
            messages.success(call.request, _("Done for %(number)s.") % {"number": done})
        return HttpResponseRedirect(back)

    def _question(
        self,
        call: Call,
        action: Action[Any],
        *,
        chosen: Mapping[str, str],
        filled: list[Filled],
        back: str,
        once: str,
        status: int = 200,
    ) -> HttpResponseBase:
        context = {
            "title": action.title,
            "action": action,
            "question": _("This is about %(number)s:") % {"number": len(chosen)},
            "names": list(chosen.values()),
            "chosen": list(chosen),
            "filled": filled,
            "back": back,
            "once": once,
        }
        return self.page(call, "console/question.html", context, status=status)


def _key(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
