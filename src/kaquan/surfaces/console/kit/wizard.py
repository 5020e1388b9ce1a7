"""A form in steps, kept as a draft at every change: nothing typed is ever lost.

Each step has its own address, so the back button, a second tab and a bookmark work. Without a
script its buttons save; with one every change is saved by itself and what stands beside the form
follows. Text is kept as it was typed, whatever is wrong with it; the capability reads it and says
what is to be mended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from kaquan.foundation.errors import KaquanError
from kaquan.surfaces.console.kit.actions import name_in, new_name
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import SEPARATOR, Field, Filled
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words, status_of

BY_SCRIPT = "X-Wizard"
"""The header of what the script saves; its answer is JSON."""


class Draft(Protocol):
    """What is being written."""

    revision: int
    content: dict[str, str]
    step: str


@dataclass(frozen=True)
class Row:
    """A line of a section that is a table: its name and a field for each head."""

    title: Text
    fields: Sequence[Field]


@dataclass(frozen=True)
class Section:
    """Fields under a heading. ``when``: only while a field has one of these values; ``usual``: what
    an empty field means; with ``heads`` its ``rows`` are a table."""

    title: Text
    fields: Sequence[Field] = ()
    hint: Text = ""
    when: tuple[str, tuple[str, ...]] | None = None
    folded: bool = False
    usual: Mapping[str, str] = field(default_factory=dict)
    heads: Sequence[Text] = ()
    rows: Sequence[Row] = ()

    @property
    def all_fields(self) -> list[Field]:
        """Those of a table too."""
        return [*self.fields, *(one for row in self.rows for one in row.fields)]


@dataclass(frozen=True, slots=True)
class Step:
    """``above`` stands over the form, ``aside`` beside it; both are templates."""

    name: str
    title: Text
    aside: str
    above: str = ""
    hint: Text = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A section as it stands on the page."""

    section: Section
    filled: Sequence[Filled]
    rows: Sequence[tuple[Text, Sequence[Filled]]]
    is_hidden: bool
    is_open: bool

    @property
    def when_values(self) -> str:
        """For the script, which shows and hides it."""
        return " ".join(self.section.when[1]) if self.section.when else ""


class MovedError(Exception):
    """Somebody else changed these fields meanwhile; ``content`` is what they say now."""

    def __init__(self, text: str, draft: Draft, fields: Sequence[str]) -> None:
        super().__init__(text)
        self.text = text
        self.draft = draft
        self.fields = fields


class WizardScreen(Screen):
    """See the module. Its ``path`` ends with ``<int:key>/<slug:step>``."""

    steps: ClassVar[Sequence[Step]]
    finish_words: ClassVar[Text]

    def draft(self, call: Call, key: int) -> Draft:
        """What is being written; raises ``…_unknown``."""
        raise NotImplementedError

    def closed(self, call: Call, draft: Draft) -> str:
        """Where someone goes whose draft may not be changed any more; empty: it may be."""
        del call, draft
        return ""

    def sections(self, call: Call, draft: Draft, step: Step) -> Sequence[Section]:
        """The form of a step."""
        raise NotImplementedError

    def faults(self, call: Call, draft: Draft) -> Mapping[str, str]:
        """What is to be mended, by field, in the page's language."""
        raise NotImplementedError

    def step_of(self, name: str) -> str:
        """The step that a field stands in."""
        raise NotImplementedError

    def keep(
        self, call: Call, key: int, *, revision: int, changes: Mapping[str, str], step: str
    ) -> Draft:
        """Save what was typed; raises `MovedError`. ``step`` is where they go on."""
        raise NotImplementedError

    def beside(self, call: Call, draft: Draft, step: Step) -> dict[str, Any]:
        """What the templates of a step show of the draft."""
        raise NotImplementedError

    def finish(self, call: Call, key: int, *, revision: int, once: str) -> tuple[Text, str]:
        """Hand it in: what was done and where to go."""
        raise NotImplementedError

    def heading(self, draft: Draft) -> str:
        """What the page is about."""
        raise NotImplementedError

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The step; or what came of saving it."""
        number, step = key["key"], self._step(key["step"])
        if call.request.method == "POST" and BY_SCRIPT in call.request.headers:
            return self._kept_by_script(call, number, step)
        draft = self.draft(call, number)
        elsewhere = self.closed(call, draft)
        if elsewhere:
            return HttpResponseRedirect(elsewhere)
        if call.request.method == "POST":
            return self._kept(call, number, step, draft)
        return self._page(call, number, step, draft)

    def _step(self, name: str) -> Step:
        found = next((one for one in self.steps if one.name == name), None)
        if found is None:
            raise Http404
        return found

    def _kept(self, call: Call, key: int, step: Step, draft: Draft) -> HttpResponseBase:
        """Save the form and go where its button leads."""
        asked = call.request.POST
        going = asked.get("go", "")
        is_last = going == "finish"
        there = step if is_last or not going else self._step(going)
        changes = self._typed(call, draft, step)
        try:
            draft = self.keep(
                call, key, revision=self._revision(call), changes=changes, step=there.name
            )
            if not is_last:
                if not going:
                    messages.success(call.request, _("The draft was saved."))
                return HttpResponseRedirect(self.address(key=key, step=there.name))
            done, address = self.finish(
                call, key, revision=draft.revision, once=name_in(call.request)
            )
        except MovedError as moved:
            return self._page(call, key, step, moved.draft, typed=changes, moved=moved, status=409)
        except KaquanError as error:
            if status_of(error) in (403, 404):
                raise
            return self._page(call, key, step, draft, error=in_words(error), status=409)
        messages.success(call.request, str(done))
        return HttpResponseRedirect(address)

    def _kept_by_script(self, call: Call, key: int, step: Step) -> HttpResponseBase:
        try:
            draft = self.draft(call, key)
            draft = self.keep(
                call,
                key,
                revision=self._revision(call),
                changes=self._typed(call, draft, step),
                step=call.request.POST.get("go", ""),
            )
        except MovedError as moved:
            typed = self._typed(call, moved.draft, step)
            panel = {"moved": self._differences(call, step, moved, typed), "text": moved.text}
            answer = {
                "moved": render_to_string("console/wizard/moved.html", panel, call.request),
                "revision": moved.draft.revision,
            }
            return JsonResponse(answer, status=409)
        except KaquanError as error:
            return JsonResponse({"error": in_words(error)}, status=status_of(error))
        faults = self._shown_faults(call, draft, step)
        context = {"step": step, "draft": draft, **self.beside(call, draft, step)}
        return JsonResponse(
            {
                "revision": draft.revision,
                "aside": render_to_string(step.aside, context, call.request),
                "faults": faults,
            }
        )

    def _revision(self, call: Call) -> int:
        typed: str = call.request.POST.get("revision", "")
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0

    def _typed(self, call: Call, draft: Draft, step: Step) -> dict[str, str]:
        """What came of a step's fields; of those that the script names, where it names some."""
        asked = call.request.POST
        only = asked["only"].split() if "only" in asked else None
        typed = {}
        for section in self.sections(call, draft, step):
            for one in section.all_fields:
                if only is None or one.name in only:
                    typed[one.name] = SEPARATOR.join(
                        text for text in asked.getlist(one.name) if text
                    )
        return typed

    def _shown_faults(self, call: Call, draft: Draft, step: Step) -> dict[str, str]:
        """Nobody is told of an empty field before they have been past it."""
        names = [one.name for one in self.steps]
        was_past = names.index(draft.step) > names.index(step.name)
        return {
            name: text
            for name, text in self.faults(call, draft).items()
            if self.step_of(name) == step.name and (was_past or draft.content.get(name))
        }

    def _differences(
        self, call: Call, step: Step, moved: MovedError, typed: Mapping[str, str]
    ) -> list[tuple[Text, str, str]]:
        """Name, what they typed, what it says elsewhere."""
        fields = {
            one.name: one
            for section in self.sections(call, moved.draft, step)
            for one in section.all_fields
        }
        return [
            (
                fields[name].title,
                _as_read(fields[name], typed.get(name, "")),
                _as_read(fields[name], moved.draft.content.get(name, "")),
            )
            for name in moved.fields
            if name in fields
        ]

    def _page(
        self,
        call: Call,
        key: int,
        step: Step,
        draft: Draft,
        *,
        typed: Mapping[str, str] | None = None,
        moved: MovedError | None = None,
        error: str = "",
        status: int = 200,
    ) -> HttpResponseBase:
        faults = self._shown_faults(call, draft, step)
        all_faults = self.faults(call, draft)
        content = {**draft.content, **(typed or {})}
        names = [one.name for one in self.steps]
        position = names.index(step.name)
        context = {
            "heading": self.heading(draft),
            "step": step,
            "draft": draft,
            "steps": [self._nav(key, one, draft, all_faults, step) for one in self.steps],
            "shown": [
                _shown(section, content, faults) for section in self.sections(call, draft, step)
            ],
            "revision": draft.revision,
            "before": self.steps[position - 1] if position else None,
            "after": self.steps[position + 1] if position + 1 < len(names) else None,
            "before_href": self.address(key=key, step=names[position - 1]) if position else "",
            "after_href": (
                self.address(key=key, step=names[position + 1]) if position + 1 < len(names) else ""
            ),
            "moved": moved and self._differences(call, step, moved, content),
            "moved_text": moved.text if moved else "",
            "error": error,
            "once": new_name(),
            "finish_words": self.finish_words,
            **self.beside(call, draft, step),
        }
        return self.page(call, "console/wizard/step.html", context, status=status)

    def _nav(
        self, key: int, step: Step, draft: Draft, faults: Mapping[str, str], current: Step
    ) -> dict[str, Any]:
        names = [one.name for one in self.steps]
        was_past = names.index(draft.step) > names.index(step.name)
        number = sum(self.step_of(name) == step.name for name in faults)
        return {
            "number": names.index(step.name) + 1,
            "title": step.title,
            "href": self.address(key=key, step=step.name),
            "is_current": step is current,
            "is_done": was_past and not number,
            "faults": number if was_past else 0,
        }


def _as_read(one: Field, typed: str) -> str:
    """What a field says, in the words of its options."""
    words = {value: str(text) for value, text in one.options}
    said = ", ".join(words.get(value, value) for value in typed.split(SEPARATOR) if value)
    if one.kind == "switch":
        said = _("Yes") if typed == "on" else _("No")
    return said or "—"


def _shown(section: Section, content: Mapping[str, str], faults: Mapping[str, str]) -> Shown:
    def filled(one: Field) -> Filled:
        typed = content.get(one.name, "") or section.usual.get(one.name, "")
        return Filled(one, typed, faults.get(one.name, ""))

    fields = [filled(one) for one in section.fields]
    rows = [(row.title, [filled(one) for one in row.fields]) for row in section.rows]
    every = [*fields, *(one for _title, row in rows for one in row)]
    name, values = section.when or ("", ())
    is_hidden = bool(name) and content.get(name, "") not in values
    said = any(
        one.error or content.get(one.field.name, "") not in ("", section.usual.get(one.field.name))
        for one in every
    )
    return Shown(section, fields, rows, is_hidden, not section.folded or said)
