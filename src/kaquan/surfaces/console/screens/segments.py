"""Segments: list and page; they are built on a screen of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.customers import segmenting, segments
from kaquan.customers.actions import PERMISSION as EDIT
from kaquan.customers.models import Segment
from kaquan.customers.queries import VIEW
from kaquan.customers.segment_tags import segment_tag
from kaquan.customers.tag_jobs import ask_for_tags
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, code, listed, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Sentences, Tab, Table
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.customer_actions import names_in
from kaquan.surfaces.console.screens.customers import CUSTOMER
from kaquan.surfaces.console.screens.segment_drafts import MODES
from kaquan.surfaces.console.screens.segment_words import condition_sentences

PEOPLE_SHOWN = 20


def _state(segment: Segment) -> Cell:
    return badge(_("In use"), "good") if segment.active else badge(_("Switched off"), "muted")


def _in_offers(segment: Segment) -> Cell:
    return badge(_("Yes"), "info") if segment.in_offers else text("")


def _owner(segment: Segment) -> Cell:
    return text(segment.organisation.name if segment.organisation else _("Whole issuer"))


def headcount_text(count: segments.Headcount) -> Text:
    """``1,234``, or ``about 120,000``."""
    number = f"{count.number:,}"
    return number if count.is_exact else _("about %(number)s") % {"number": number}


def _switch(active: bool, words: Text) -> Callable[[Segment, Doing], Text]:
    def run(segment: Segment, doing: Doing) -> Text:
        segmenting.set_segment_active(actor=doing.actor, segment_id=segment.id, active=active)
        return str(words) % {"name": segment.name}

    return run


def _tag(segment: Segment, doing: Doing) -> Text:
    ask_for_tags(
        actor=doing.actor,
        segment_id=segment.id,
        add=names_in(doing.values["add"]),
        remove=names_in(doing.values["remove"]),
    )
    return _("The tags are being changed; the download centre says how far it is.")


SEGMENT_ACTIONS: tuple[Action[Segment], ...] = (
    Action(
        "tag",
        _("Tag everybody"),
        EDIT,
        lambda one: (
            _("Change the tags of everybody in the segment “%(name)s”?") % {"name": one.name}
        ),
        _tag,
        fields=(
            Field(
                "add",
                _("Add tags"),
                characters_max=500,
                hint=_("Several with commas between them."),
            ),
            Field(
                "remove",
                _("Take tags away"),
                characters_max=500,
                hint=_("Several with commas between them."),
            ),
        ),
        offered=lambda one: one.active,
    ),
    Action(
        "off",
        _("Switch off"),
        EDIT,
        lambda one: _("Switch the segment “%(name)s” off?") % {"name": one.name},
        _switch(False, _("The segment “%(name)s” was switched off.")),
        danger=True,
        offered=lambda one: one.active,
        consequence=_(
            "Nothing can be given to it any more, and offers that ask for it refuse everybody."
        ),
    ),
    Action(
        "on",
        _("Switch on"),
        EDIT,
        lambda one: _("Switch the segment “%(name)s” on again?") % {"name": one.name},
        _switch(True, _("The segment “%(name)s” was switched on.")),
        offered=lambda one: not one.active,
    ),
)


class SegmentDetail(DetailScreen[Segment]):
    """One segment: its conditions, how many are in it, and the first of them."""

    name = "segment"
    path = "segments/<int:key>"
    title = _("Segment")
    permission = VIEW
    parent = "segments"
    actions = SEGMENT_ACTIONS
    links = (("segment-edit", _("Edit"), EDIT),)

    def subject(self, actor: Actor, key: int) -> Segment:
        """The segment; raises `segment_unknown`."""
        return segments.segment_by_id(actor, key)

    def heading(self, subject: Segment) -> str:
        """Its name."""
        return subject.name

    def badges(self, subject: Segment) -> Sequence[Cell]:
        """Whether it can be used."""
        return [_state(subject)]

    @staticmethod
    def overview(call: Call, segment: Segment) -> Sequence[Panel]:
        """What it is, who is in it."""
        group = segments.conditions_of(segment)
        count = segments.headcount(call.actor, group, organisation=segment.organisation)
        people = segments.people_page(call.actor, segment, Paging(limit=PEOPLE_SHOWN, counts=False))
        all_of_them = f"{reverse('console:customers')}?segment={segment.id}"
        facts = [
            Fact(_("People in it"), text(headcount_text(count), href=all_of_them)),
            Fact(_("Code"), code(segment.code)),
            Fact(_("In offers"), code(
                segment_tag(segment.code) if segment.in_offers else "")),
            Fact(_("Belongs to"), _owner(segment)),
            Fact(_("Made by"), text(segment.made_by)),
            Fact(_("Last changed"), moment(segment.changed_at)),
        ]  # fmt: skip
        nodes = segments.nodes_named(call.actor, group)
        said = condition_sentences(group, {one.id: one.name for one in nodes.values()})
        columns = (
            Column[Any]("number", _("Number"), lambda one: code(
                one.number, href=CUSTOMER.address(key=one.id))),
            Column[Any]("name", _("Full name"), lambda one: text(one.masked_name)),
            Column[Any]("phone", _("Phone"), lambda one: code(one.masked_phone)),
            Column[Any]("tags", _("Tags"), lambda one: text(listed(one.tags)), wide=True),
        )  # fmt: skip
        return [
            Facts("", facts),
            Sentences(MODES[group.mode], said or [str(_("Everybody."))]),
            Table(_("The newest of them"), columns, people.rows, _("Nobody fits just now.")),
        ]

    tabs = (Tab("overview", _("Overview"), overview), changes_tab(segmenting.KIND))


class Segments(ListScreen[Segment]):
    """The segments of one's part."""

    name = "segments"
    path = "segments"
    title = _("Segments")
    permission = VIEW
    empty = _("There are no segments yet.")
    creates = ("segment-new", _("New segment"), EDIT)
    actions = SEGMENT_ACTIONS
    fields = (
        Field("words", _("Name or code")),
        Field("offers", _("In offers"), "choice", options=[("yes", _("Yes")), ("no", _("No"))]),
        Field("state", _("State"), "choice",
              options=[("on", _("In use")), ("off", _("Switched off"))]),
    )  # fmt: skip
    columns = (
        Column[Segment]("name", _("Name"), lambda one: text(
            one.name, href=SEGMENT.address(key=one.id)), sort="name"),
        Column[Segment]("code", _("Code"), lambda one: code(one.code), sort="code", wide=True),
        Column[Segment]("state", _("State"), _state),
        Column[Segment]("offers", _("In offers"), _in_offers, wide=True),
        Column[Segment]("owner", _("Belongs to"), _owner, wide=True),
        Column[Segment]("changed", _("Last changed"), lambda one: moment(one.changed_at),
                        wide=True),
        Column[Segment]("by", _("Made by"), lambda one: text(one.made_by), hidden=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[Segment]:
        """The segments."""
        wanted = segments.SegmentFilter(
            values["words"],
            None if values["offers"] is None else values["offers"] == "yes",
            None if values["state"] is None else values["state"] == "on",
        )
        return segments.segment_page(actor, wanted, paging)

    def action_address(self, row: Segment, action: Action[Segment]) -> str:
        """On the segment's own page."""
        return action_address(SEGMENT, row.id, action)


SEGMENT: SegmentDetail = SegmentDetail()
SEGMENTS = Segments()
