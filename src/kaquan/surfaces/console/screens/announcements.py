"""Announcements: what people are told on every page until they have read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.organisations.searching import written_node
from kaquan.staff import announcing, queries
from kaquan.staff.listings import announcement_page
from kaquan.staff.models import Announcement, StaffUser
from kaquan.staff.permissions import ANNOUNCE
from kaquan.surfaces.console.kit.actions import Action, Doing, way_back
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, code, listed, moment, text
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call, Screen, language_now
from kaquan.surfaces.console.screens.changes import changes_tab
from kaquan.surfaces.console.screens.grants import role_name
from kaquan.surfaces.console.screens.node_fields import NODE_HINT, node_id

USUAL_DAYS = 7
_STATES = [("shown", _("Shown")), ("coming", _("Coming")), ("over", _("Over"))]


def title_of(one: Announcement) -> str:
    """In the page's language, where it was said in both."""
    return one.title_en if language_now() == "en" and one.title_en else one.title_zh


def text_of(one: Announcement) -> str:
    """The same for its text."""
    return one.text_en if language_now() == "en" and one.text_en else one.text_zh


def _state(one: Announcement) -> Cell:
    now = clock.now()
    if one.withdrawn_at is not None:
        return badge(_("Withdrawn"), "muted")
    if one.ends_at <= now:
        return badge(_("Over"), "muted")
    return badge(_("Coming"), "info") if one.starts_at > now else badge(_("Shown"), "good")


def _withdraw(one: Announcement, doing: Doing) -> Text:
    announcing.withdraw_announcement(actor=doing.actor, announcement_id=one.id, at=clock.now())
    return _("The announcement was withdrawn.")


ANNOUNCEMENT_ACTIONS: tuple[Action[Announcement], ...] = (
    Action(
        "withdraw",
        _("Withdraw"),
        ANNOUNCE,
        lambda one: _("Withdraw the announcement “%(title)s”?") % {"title": title_of(one)},
        _withdraw,
        danger=True,
        offered=lambda one: one.withdrawn_at is None and one.ends_at > clock.now(),
    ),
)


class AnnouncementDetail(DetailScreen[Announcement]):
    """One announcement."""

    name = "announcement"
    path = "announcements/<int:key>"
    title = _("Announcement")
    permission = ANNOUNCE
    parent = "announcements"
    actions = ANNOUNCEMENT_ACTIONS
    links = (("announcement-edit", _("Edit"), ANNOUNCE),)

    def subject(self, actor: Actor, key: int) -> Announcement:
        """The announcement; raises `announcement_unknown`."""
        return announcing.announcement_by_id(actor, key)

    def heading(self, subject: Announcement) -> str:
        """What it is about."""
        return title_of(subject)

    def badges(self, subject: Announcement) -> Sequence[Cell]:
        """Whether people see it."""
        return [_state(subject)]

    @staticmethod
    def facts(call: Call, one: Announcement) -> Sequence[Panel]:
        """What it says, to whom, from when until when."""
        names = {role.code: role_name(role) for role in queries.roles(call.actor)}
        told = listed(names.get(role, role) for role in one.roles)
        facts = [
            Fact(_("Text in Chinese"), text(one.text_zh)),
            Fact(_("Title in English"), text(one.title_en)),
            Fact(_("Text in English"), text(one.text_en)),
            Fact(_("Shown to"), text(told or _("Everybody"))),
            Fact(_("Where"), text(
                one.organisation.name if one.organisation else _("Whole issuer"))),
            Fact(_("From"), moment(one.starts_at)),
            Fact(_("Until"), moment(one.ends_at)),
            Fact(_("Made"), moment(one.created_at)),
            Fact(_("Made by"), code(one.created_by)),
        ]  # fmt: skip
        return [Facts("", facts)]

    tabs = (Tab("facts", _("Announcement"), facts), changes_tab("announcement"))


class Announcements(ListScreen[Announcement]):
    """The announcements in one's part."""

    name = "announcements"
    path = "announcements"
    title = _("Announcements")
    permission = ANNOUNCE
    actions = ANNOUNCEMENT_ACTIONS
    creates = ("announcement-new", _("New announcement"), ANNOUNCE)
    empty = _("There are no announcements yet.")
    fields = (Field("state", _("State"), "choice", options=_STATES),)
    columns = (
        Column[Announcement]("title", _("Title"), lambda one: text(
            title_of(one), href=ANNOUNCEMENT.address(key=one.id))),
        Column[Announcement]("state", _("State"), _state),
        Column[Announcement]("where", _("Where"), lambda one: text(
            one.organisation.name if one.organisation else _("Whole issuer")), wide=True),
        Column[Announcement]("from", _("From"), lambda one: moment(one.starts_at), wide=True),
        Column[Announcement]("until", _("Until"), lambda one: moment(one.ends_at), wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[Announcement]:
        """The announcements."""
        return announcement_page(actor, values["state"], paging, at=clock.now())

    def action_address(self, row: Announcement, action: Action[Any]) -> str:
        """On the announcement's own page."""
        return action_address(ANNOUNCEMENT, row.id, action)


ANNOUNCEMENT: AnnouncementDetail = AnnouncementDetail()
ANNOUNCEMENTS = Announcements()


class AnnouncementForm(FormScreen):
    """What may be said."""

    permission = ANNOUNCE
    parent = "announcements"
    fields = (
        Field("title_zh", _("Title in Chinese"), required=True),
        Field("text_zh", _("Text in Chinese"), "long_text", characters_max=2_000),
        Field("title_en", _("Title in English")),
        Field("text_en", _("Text in English"), "long_text", characters_max=2_000),
        Field("starts_at", _("From"), "moment", required=True),
        Field("ends_at", _("Until"), "moment", required=True),
        Field("organisation", _("Where"), "node", hint=NODE_HINT),
        Field("roles", _("Shown to"), "choices", hint=_("None chosen: everybody there.")),
    )

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """With the roles that can be held here."""
        del key
        options = [(one.code, role_name(one)) for one in queries.roles(actor)]
        return [one.with_options(options) if one.name == "roles" else one for one in self.fields]

    @staticmethod
    def given(doing: Doing) -> dict[str, Any]:
        """What was filled in, as the actions take it."""
        values = doing.values
        return {
            "title_zh": values["title_zh"],
            "title_en": values["title_en"] or "",
            "text_zh": values["text_zh"] or "",
            "text_en": values["text_en"] or "",
            "starts_at": values["starts_at"],
            "ends_at": values["ends_at"],
            "organisation_id": node_id(doing.actor, values["organisation"]),
            "roles": values["roles"],
        }


class NewAnnouncement(AnnouncementForm):
    """Something new."""

    name = "announcement-new"
    path = "new-announcement"
    title = _("New announcement")
    save_words = _("Publish")

    def initial(self, actor: Actor, key: Any) -> dict[str, Any]:
        """A week from now."""
        del actor, key
        now: datetime = clock.now()
        return {"starts_at": now, "ends_at": now + timedelta(days=USUAL_DAYS)}

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Publish it."""
        del key
        made = announcing.announce(actor=doing.actor, at=clock.now(), **self.given(doing))
        return _("The announcement was published."), ANNOUNCEMENT.address(key=made.id)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return ANNOUNCEMENTS.address()


class EditAnnouncement(AnnouncementForm):
    """Other words; whoever has read it is told again."""

    name = "announcement-edit"
    path = "announcements/<int:key>/edit"
    title = _("Edit the announcement")
    hint = _("People who have read it are shown it again.")

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """As it is."""
        one = ANNOUNCEMENT.subject(actor, key)
        names = [field.name for field in self.fields if field.name != "organisation"]
        where = written_node(one.organisation) if one.organisation else ""
        return {**{name: getattr(one, name) for name in names}, "organisation": where}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it."""
        announcing.change_announcement(actor=doing.actor, announcement_id=key, **self.given(doing))
        return _("The announcement was changed."), ANNOUNCEMENT.address(key=key)

    def home(self, key: int) -> str:
        """Its page."""
        return ANNOUNCEMENT.address(key=key)


class Dismiss(Screen):
    """Somebody has read an announcement; whoever works here may say so."""

    name = "announcement-dismiss"
    path = "announcements/dismiss"
    title = _("Announcements")
    permission = ""

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """Keep it, and go back to the page that it stood on."""
        del key
        asked = call.request.POST.get("announcement", "")
        user = call.request.user
        if isinstance(user, StaffUser) and asked.isascii() and asked.isdigit() and len(asked) < 10:
            announcing.dismiss(user=user, announcement_id=int(asked), at=clock.now())
        return HttpResponseRedirect(way_back(call.request, reverse("console:home")))
