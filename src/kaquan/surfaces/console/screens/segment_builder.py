"""The screen that builds a segment: groups within groups, and how many fit while one is at it.

Every step is a form that is sent and comes back, so it works without a script; with one the count
follows what is typed.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.customers import segmenting, segments
from kaquan.customers.actions import PERMISSION as EDIT
from kaquan.customers.conditions import Group
from kaquan.customers.models import Segment
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.organisations.searching import written_node
from kaquan.surfaces.console.kit.actions import way_back
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, Filled, read_all
from kaquan.surfaces.console.kit.screens import Call, Screen, in_words
from kaquan.surfaces.console.screens.segment_drafts import (
    KINDS,
    ROOT,
    Draft,
    conditions_in,
    draft_in,
    draft_of,
    has_errors,
)
from kaquan.surfaces.console.screens.segments import SEGMENT, SEGMENTS, headcount_text

_CODE = Field("code", _("Code"), required=True, characters_max=40,
              hint=_("Letters and digits; it cannot be changed later."))  # fmt: skip
_NAME = Field("name", _("Name"), required=True)
_IN_OFFERS = Field("in_offers", _("In offers"), "switch",
                   hint=_("Terms may ask for it, like for a tag"))  # fmt: skip


class SegmentScreen(Screen):
    """The builder; for a new segment, or for one there is."""

    permission = EDIT
    parent = "segments"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The form; or, for POST, the form after one more step, or what came of it."""
        segment = self.segment(call, key.get("key"))
        fields = [_NAME, _IN_OFFERS] if segment else [_CODE, _NAME, _IN_OFFERS]
        if call.request.method != "POST":
            return self._opened(call, segment, fields)
        sent = call.request.POST
        draft, do = draft_in(sent), sent.get("do", "count")
        revision = _number(sent.get("revision", ""))
        values, filled = read_all(fields, sent)
        if do != "save":
            _step(draft, do, sent.get(f"add.{do.partition(':')[2]}", ""))
            shown = [Filled(one.field, one.typed) for one in filled]
            return self._form(call, segment, draft, shown, revision=revision)
        conditions = conditions_in(draft, call.actor)
        fault: Text = ""
        if has_errors(draft) or any(one.error for one in filled):
            fault, status = _("Something is not right yet; nothing was saved."), 422
        else:
            try:
                saved = self.save(call, segment, values, conditions, revision)
            except KaquanError as error:
                if error.exit_code is ExitCode.PERMISSION_DENIED:
                    raise
                fault, status = in_words(error), 409
                if error.code == "segment_changed" and segment is not None:
                    revision = segment.revision  # what stands there now has been told of
        if fault:
            return self._form(
                call, segment, draft, filled, revision=revision, error=fault, status=status
            )
        done = str(_("The segment “%(name)s” was saved."))
        messages.success(call.request, done % {"name": saved.name})
        return HttpResponseRedirect(SEGMENT.address(key=saved.id))

    def _opened(self, call: Call, segment: Segment | None, fields: list[Field]) -> HttpResponseBase:
        """As it stands, before anyone has typed."""
        group = segments.conditions_of(segment) if segment else Group()
        nodes = segments.nodes_named(call.actor, group)
        draft = draft_of(group, {one.id: written_node(one) for one in nodes.values()})
        initial = {}
        if segment is not None:
            initial = {"name": segment.name, "in_offers": "on" if segment.in_offers else ""}
        filled = [Filled(one, initial.get(one.name, "")) for one in fields]
        return self._form(call, segment, draft, filled, revision=segment.revision if segment else 0)

    def segment(self, call: Call, key: Any) -> Segment | None:
        """The segment that is edited; raises `segment_unknown`."""
        raise NotImplementedError

    def save(
        self, call: Call, segment: Segment | None, values: Any, conditions: Any, revision: int
    ) -> Segment:
        """Keep it; raises what the action raises."""
        raise NotImplementedError

    def _form(
        self,
        call: Call,
        segment: Segment | None,
        draft: Draft,
        filled: list[Filled],
        *,
        revision: int,
        error: Text = "",
        status: int = 200,
    ) -> HttpResponseBase:
        home = SEGMENT.address(key=segment.id) if segment else SEGMENTS.address()
        context = {
            "draft": draft,
            "filled": filled,
            "revision": revision,
            "headcount": _headcount(call, draft, segment),
            "back": way_back(call.request, home),
            "error": error,
        }
        return self.page(call, "console/segment.html", context, status=status)


class NewSegment(SegmentScreen):
    """A new segment."""

    name = "segment-new"
    path = "new-segment"
    title = _("New segment")

    def segment(self, call: Call, key: Any) -> Segment | None:
        """None yet."""
        del call, key
        return None

    def save(
        self, call: Call, segment: Segment | None, values: Any, conditions: Any, revision: int
    ) -> Segment:
        """Add it."""
        del segment, revision
        return segmenting.create_segment(
            actor=call.actor,
            code=values["code"],
            name=values["name"],
            conditions=conditions,
            in_offers=bool(values["in_offers"]),
        )


class EditSegment(SegmentScreen):
    """Other conditions for a segment."""

    name = "segment-edit"
    path = "segments/<int:key>/edit"
    title = _("Edit the segment")

    def segment(self, call: Call, key: Any) -> Segment | None:
        """The one; raises `segment_unknown`."""
        return segments.segment_by_id(call.actor, key)

    def save(
        self, call: Call, segment: Segment | None, values: Any, conditions: Any, revision: int
    ) -> Segment:
        """Change it, unless somebody else has meanwhile."""
        assert segment is not None
        return segmenting.update_segment(
            actor=call.actor,
            segment_id=segment.id,
            revision=revision,
            name=values["name"],
            conditions=conditions,
            in_offers=bool(values["in_offers"]),
        )


def _step(draft: Draft, do: str, kind: str) -> None:
    """Add something at a place, or take it away."""
    verb, _colon, path = do.partition(":")
    there = draft.at(path)
    if there is None:
        return
    if verb == "add" and there.is_group and kind in KINDS:
        there.put(kind)
    elif verb == "group" and there.is_group and there.may_nest:
        there.put("group")
    elif verb == "remove" and path != ROOT:
        draft.take_away(path)


def _headcount(call: Call, draft: Draft, segment: Segment | None) -> Text:
    """How many fit what is filled in so far; nothing where that makes no sense yet."""
    trial = draft_of_same(draft)
    conditions = conditions_in(trial, call.actor, lenient=True)
    if has_errors(trial):
        return ""
    try:
        group = segments.checked_conditions(conditions)
    except KaquanError:
        return ""
    owner = segment.organisation if segment else None
    return headcount_text(segments.headcount(call.actor, group, organisation=owner))


def draft_of_same(draft: Draft) -> Draft:
    """A copy to try out, so that faults are not noted while somebody is still typing."""
    return Draft(
        draft.kind, draft.path, draft.mode, dict(draft.typed), {},
        [draft_of_same(one) for one in draft.of],
    )  # fmt: skip


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
