"""Who logged in, from where, and who failed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.staff.logins import SHOWN_OF_ONE, LoginFilter, login_page, logins_of
from kaquan.staff.models import LoginEvent, LoginRecord, StaffUser
from kaquan.staff.permissions import LOGINS
from kaquan.surfaces.console.kit.cells import Cell, Text, badge, code, moment, text
from kaquan.surfaces.console.kit.fields import Field, Values, day_end, day_start
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Panel, Tab, Table, last_of
from kaquan.surfaces.console.kit.screens import Call

EVENTS: dict[str, tuple[Text, str]] = {
    LoginEvent.IN: (_("Login"), "good"),
    LoginEvent.OUT: (_("Logged out"), "muted"),
    LoginEvent.WRONG_PASSWORD: (_("Wrong name or password"), "warn"),
    LoginEvent.WRONG_FACTOR: (_("Wrong second factor"), "warn"),
    LoginEvent.LOCKED_OUT: (_("Locked out for a while"), "bad"),
    LoginEvent.STOPPED: (_("The account is stopped"), "bad"),
    LoginEvent.PASSWORD: (_("Changed the password"), "info"),
    LoginEvent.FACTOR_ADDED: (_("Second factor added"), "info"),
    LoginEvent.FACTOR_REMOVED: (_("Second factor removed"), "warn"),
    LoginEvent.DENIED: (_("Denied"), "bad"),
}
ABOUT: dict[str, Text] = {
    "password": _("Password"),
    "totp": _("Authenticator app"),
    "webauthn": _("Passkey"),
    "recovery_codes": _("Recovery code"),
}


def _event(record: LoginRecord) -> Cell:
    return badge(*EVENTS[record.event])


def _about(record: LoginRecord) -> Cell:
    parts = record.about.split()
    return text(" + ".join(str(ABOUT.get(one, one)) for one in parts))


def know_pages(titles: Mapping[str, Text]) -> None:
    """What the pages are called that somebody may be denied."""
    for name, title in titles.items():
        ABOUT.setdefault(name, title)


def _who(record: LoginRecord) -> Cell:
    if record.user is None:
        return text(_("Nobody of that name"))
    href = reverse("console:staff-member", kwargs={"key": record.user_id})
    return text(record.user.name, href=href, note=record.user.username)


_AT = Column[LoginRecord]("at", _("When"), lambda one: moment(one.at))
_EVENT = Column[LoginRecord]("event", _("What"), _event)
_REST = (
    Column[LoginRecord]("about", _("How, or where"), _about, wide=True),
    Column[LoginRecord]("ip", _("From where"), lambda one: code(one.ip)),
    Column[LoginRecord]("agent", _("Browser"), lambda one: text(one.user_agent), wide=True),
)


class Logins(ListScreen[LoginRecord]):
    """The records of the accounts in one's part, the latest first."""

    name = "logins"
    path = "logins"
    title = _("Login records")
    permission = LOGINS
    empty = _("Nobody has logged in yet.")
    fields = (
        Field("words", _("Account"), hint=_("Name, user name or pinyin")),
        Field("event", _("What"), "choice",
              options=[(name, words) for name, (words, _tone) in EVENTS.items()]),
        Field("first", _("From"), "day"),
        Field("last", _("Until and including"), "day"),
    )  # fmt: skip
    columns = (_AT, _EVENT, Column[LoginRecord]("who", _("Account"), _who), *_REST)

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[LoginRecord]:
        """The records."""
        wanted = LoginFilter(
            words=values["words"],
            event=values["event"],
            since=day_start(values["first"]),
            until=day_end(values["last"]),
        )
        return login_page(actor, wanted, paging)


def logins_tab() -> Tab:
    """The latest records of one account, on its page."""

    def panels(call: Call, user: StaffUser) -> Sequence[Panel]:
        found = logins_of(call.actor, user.id)
        columns = (_AT, _EVENT, *_REST)
        note = last_of(found, SHOWN_OF_ONE)
        return [Table(_("Login records"), columns, found, _("Nobody has logged in yet."), note)]

    return Tab("logins", _("Login records"), panels, LOGINS)


LOGINS_SCREEN = Logins()
