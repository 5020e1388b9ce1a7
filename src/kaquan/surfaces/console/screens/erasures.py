"""Requests to be forgotten: a list, and carrying one out or withdrawing it."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.customers import erasing
from kaquan.customers.actions import PERMISSION as EDIT
from kaquan.customers.erasure_listings import ErasureLine, erasure_by_id, erasure_page
from kaquan.customers.models import ErasureState
from kaquan.customers.queries import VIEW
from kaquan.engine.lifecycle import ENDED, State
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.vouchers_of import balance_of, vouchers_of
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, code, count, moment, money
from kaquan.surfaces.console.kit.details import DetailScreen, action_address
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.budget_forms import amount_fen

_STATES: dict[ErasureState, Cell] = {
    ErasureState.REQUESTED: badge(_("Waiting to be carried out"), "warn"),
    ErasureState.DONE: badge(_("Carried out"), "good"),
    ErasureState.WITHDRAWN: badge(_("Withdrawn"), "muted"),
}
_VOUCHERS_LOOKED_AT = 500


def _waits(line: ErasureLine) -> bool:
    return line.state is ErasureState.REQUESTED


def _erase(line: ErasureLine, doing: Doing) -> Text:
    erasing.erase_customer(
        actor=doing.actor,
        number=line.customer_number,
        at=clock.now(),
        given_up_fen=amount_fen(doing.values["balance"]),
    )
    return _("The customer's personal data was erased.")


def _withdraw(line: ErasureLine, doing: Doing) -> Text:
    erasing.withdraw_erasure(actor=doing.actor, number=line.customer_number, at=clock.now())
    return _("The request was withdrawn.")


ACTIONS: tuple[Action[ErasureLine], ...] = (
    Action(
        "carry-out",
        _("Erase for good"),
        EDIT,
        lambda one: (
            _("Erase the personal data of the customer %(number)s for good?")
            % {"number": one.customer_number}
        ),
        _erase,
        fields=(
            Field(
                "balance",
                _("Card balance that the customer gives up"),
                hint=_("In yuan, as on the request's page; empty where there is none."),
            ),
        ),
        danger=True,
        offered=_waits,
        consequence=_(
            "Number, name, phone, birthday, tags, identities, notes and tasks are erased and "
            "cannot be brought back. The books stay. Nobody can say any more whose the vouchers "
            "were: settle a card's balance with the customer first."
        ),
    ),
    Action(
        "withdraw",
        _("Withdraw the request"),
        EDIT,
        lambda one: (
            _("Does the customer %(number)s no longer want to be forgotten?")
            % {"number": one.customer_number}
        ),
        _withdraw,
        offered=_waits,
        consequence=_("Everything stays as it is; it can be requested again."),
    ),
)


def _customer(line: ErasureLine) -> Cell:
    address = reverse("console:customer", kwargs={"key": line.customer_id})
    return code(line.customer_number, href=address)


class ErasureDetail(DetailScreen[ErasureLine]):
    """One request."""

    name = "erasure"
    path = "erasures/<int:key>"
    title = _("Erasure request")
    permission = VIEW
    parent = "erasures"
    actions = ACTIONS

    def subject(self, actor: Actor, key: int) -> ErasureLine:
        """The request; raises `erasure_request_unknown`."""
        return erasure_by_id(actor, key)

    def heading(self, subject: ErasureLine) -> str:
        """Whose it is."""
        return subject.customer_number

    def badges(self, subject: ErasureLine) -> Sequence[Cell]:
        """Where it stands."""
        return [_STATES[subject.state]]

    @staticmethod
    def facts(call: Call, line: ErasureLine) -> Sequence[Panel]:
        """When and by whom, and what the customer would leave behind."""
        del call
        asked = [
            Fact(_("Customer"), _customer(line)),
            Fact(_("Requested"), moment(line.requested_at)),
            Fact(_("By"), code(line.requested_by)),
            Fact(_("Ended"), moment(line.ended_at)),
            Fact(_("Ended by"), code(line.ended_by)),
        ]
        held = vouchers_of(reading_session(), line.customer_id, limit=_VOUCHERS_LOOKED_AT)
        over = {State.USED, *ENDED}
        left = [
            Fact(_("Vouchers not used up"), count(sum(one.state not in over for one in held))),
            Fact(_("Balance of cards"), money(balance_of(reading_session(), line.customer_id))),
        ]
        return [Facts("", asked), Facts(_("What is left of value"), left)]

    tabs = (Tab("facts", _("Erasure request"), facts),)


ERASURE: ErasureDetail = ErasureDetail()


class Erasures(ListScreen[ErasureLine]):
    """Requests of one's part."""

    name = "erasures"
    path = "erasures"
    title = _("Erasure requests")
    permission = VIEW
    actions = ACTIONS
    empty = _("Nobody asks to be forgotten. Requests are noted on a customer's page.")
    fields = (
        Field("state", _("State"), "choice",
              options=[(str(key), _STATES[key].text) for key in _STATES]),
    )  # fmt: skip
    columns = (
        Column[ErasureLine]("request", _("Request"), lambda one: code(
            str(one.id), href=ERASURE.address(key=one.id))),
        Column[ErasureLine]("customer", _("Customer"), _customer),
        Column[ErasureLine]("state", _("State"), lambda one: _STATES[one.state]),
        Column[ErasureLine]("requested", _("Requested"), lambda one: moment(one.requested_at)),
        Column[ErasureLine]("ended", _("Ended"), lambda one: moment(one.ended_at), wide=True),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[ErasureLine]:
        """The requests, the latest first."""
        state = None if values["state"] is None else ErasureState(values["state"])
        return erasure_page(actor, state, paging)

    def action_address(self, row: ErasureLine, action: Action[ErasureLine]) -> str:
        """On the request's own page."""
        return action_address(ERASURE, row.id, action)


ERASURES = Erasures()
