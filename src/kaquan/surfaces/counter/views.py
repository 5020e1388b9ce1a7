"""The counter's calls: the terminal, the shift, and what is done with vouchers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_POST, require_safe

from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.offline.at_counter import taken_today, taken_totals
from kaquan.redemption.actions import ISSUE, REVERSE, CodeUse
from kaquan.surfaces.counter.calls import (
    DEVICE_COOKIE,
    DEVICE_S,
    SHIFT_COOKIE,
    Asked,
    Caller,
    Supervisor,
    Undoing,
    answer_of,
    answered,
    asked,
    caller_behind,
    device_behind,
    forget,
    remember,
    source,
    told,
    working,
)
from kaquan.surfaces.counter.shell import version
from kaquan.terminals import requests
from kaquan.terminals.models import Device, Shift, StaffPin
from kaquan.terminals.queries import LIST_MAX, LIST_MOST, done_today, totals_of
from kaquan.terminals.registering import caps_of, register_device
from kaquan.terminals.requests import CounterOrder
from kaquan.terminals.shifts import begin_shift, hand_over, last_shift, lock, set_pin
from kaquan.terminals.told import look, moment
from kaquan.wallet import member_cards


@require_safe
@answered
def state(request: HttpRequest) -> HttpResponse:
    """Whose terminal this is, who works at it, and the token that every other call carries."""
    content: dict[str, Any] = {
        "csrf": get_token(request),
        "now": clock.now().isoformat(),
        "version": version(),
    }
    try:
        device = device_behind(request)
    except KaquanError as error:
        why = {"code": error.code, "zh": error.zh, "en": error.en}
        return told(content | {"terminal": None, "why": why})
    content["terminal"] = _terminal(device)
    try:
        content["shift"] = _shift(caller_behind(request))
    except KaquanError:
        content["shift"] = None
    return told(content)


class Registering(Asked):
    """A one-time code, and the public half of the device's own key."""

    code: str
    public_key: dict[str, Any]


@require_POST
@answered
def register(request: HttpRequest) -> HttpResponse:
    """Make this device a terminal."""
    body = asked(request, Registering)
    device, token = register_device(
        code=body.code, public_key=body.public_key, source=source(request), at=clock.now()
    )
    response = told({"terminal": _terminal(device)})
    remember(response, DEVICE_COOKIE, token, DEVICE_S)
    forget(response, SHIFT_COOKIE)
    return response


@require_POST
@answered
def log_in(request: HttpRequest) -> HttpResponse:
    """Begin or go on with a shift."""
    body = asked(request, Supervisor)
    device = device_behind(request)
    shift, token = begin_shift(
        device=device,
        username=body.username,
        secret=body.secret,
        source=source(request),
        at=clock.now(),
    )
    response = told({"shift": _shift(Caller(request, device, shift))})
    remember(response, SHIFT_COOKIE, token, None)
    return response


@working(Asked)
def log_out(caller: Caller, body: Asked) -> HttpResponse:
    """Lock the terminal; the shift goes on."""
    del body
    lock(caller.shift)
    response = told({})
    forget(response, SHIFT_COOKIE)
    return response


class NewPin(Asked):
    """A PIN, and the password that says who chooses it."""

    password: str
    pin: str

    def __repr__(self) -> str:
        return "<a PIN>"


@working(NewPin)
def choose_pin(caller: Caller, body: NewPin) -> HttpResponse:
    """Choose a PIN."""
    set_pin(
        shift=caller.shift,
        password=body.password,
        pin=body.pin,
        source=caller.source,
        at=clock.now(),
    )
    return told({})


class OrderAsked(Asked):
    """The order as far as the clerk knows it."""

    order_number: str = ""
    amount_fen: int | None = None
    sku: str = ""
    member: str = ""

    def order(self) -> CounterOrder:
        """As the capability takes it."""
        return CounterOrder(
            order_no=self.order_number,
            amount_fen=self.amount_fen,
            sku=self.sku,
            customer_number=self.member,
        )


class Looking(OrderAsked):
    """Codes that somebody holds in their hands."""

    codes: tuple[str, ...] = ()


@working(Looking)
def look_at(caller: Caller, body: Looking) -> HttpResponse:
    """What vouchers are, before they are used."""
    codes = body.codes[: requests.CODES_MAX]
    return told({"vouchers": look(caller.counter(), codes, body.order(), clock.now())})


class Card(Asked):
    """What stands on a member's card."""

    text: str

    def __repr__(self) -> str:
        return "<a card>"


@working(Card)
def member(caller: Caller, body: Card) -> HttpResponse:
    """Whose card it is; the tag on it keeps anybody from asking by guessed numbers."""
    del caller
    return told({"member": member_cards.read(body.text).number})


class Used(Asked):
    """A code, and how much of its voucher."""

    code: str
    amount_fen: int | None = None
    uses: int = 1


class Redeeming(OrderAsked):
    """Vouchers on one order. ``once`` is the device's own name for this request."""

    once: str = ""
    vouchers: tuple[Used, ...] = ()
    supervisor: Supervisor | None = None


@working(Redeeming)
def redeem(caller: Caller, body: Redeeming) -> HttpResponse:
    """Use them, all or none."""
    uses = [CodeUse(one.code, one.amount_fen, one.uses) for one in body.vouchers]
    return answer_of(
        requests.redeem(
            counter=caller.counter(body.supervisor),
            once=body.once,
            uses=uses,
            order=body.order(),
            at=clock.now(),
        )
    )


class ToppingUp(Asked):
    """Paid money for a prepaid card."""

    once: str
    code: str
    amount_fen: int
    payment_number: str
    supervisor: Supervisor | None = None


@working(ToppingUp)
def top_up(caller: Caller, body: ToppingUp) -> HttpResponse:
    """Put it onto the card."""
    return answer_of(
        requests.top_up(
            counter=caller.counter(body.supervisor),
            once=body.once,
            code=body.code,
            amount_fen=body.amount_fen,
            payment_no=body.payment_number,
            order=CounterOrder(),
            at=clock.now(),
        )
    )


@working(Undoing)
def undo(caller: Caller, body: Undoing) -> HttpResponse:
    """Take it back."""
    return answer_of(
        requests.undo(
            counter=caller.counter(body.supervisor),
            once=body.once,
            request_id=body.id,
            reason=body.reason,
            at=clock.now(),
        )
    )


class Wondering(Asked):
    """A request whose answer did not come."""

    once: str
    operation: str


@working(Wondering)
def answer_again(caller: Caller, body: Wondering) -> HttpResponse:
    """What became of it, for good."""
    return answer_of(
        requests.answer_to(
            counter=caller.counter(), once=body.once, operation=body.operation, at=clock.now()
        )
    )


class Listing(Asked):
    """How many of the latest."""

    most: int = LIST_MAX


@working(Listing)
def today(caller: Caller, body: Listing) -> HttpResponse:
    """Today's list as far as it is asked for, what it leaves out, and what this shift comes to."""
    shift, at = caller.shift, clock.now()
    most = min(max(body.most, 1), LIST_MOST)
    done, done_before = done_today(shift, at, most)
    taken, taken_before = taken_today(shift, at, most)
    earlier = done_before + taken_before
    content = {"done": done, "taken": taken, "earlier": earlier, "most": LIST_MOST}
    return told(content | _totals(shift))


class HandingOver(Asked):
    """What was counted, and a word for whoever comes next."""

    counted_fen: int | None = None
    note: str = ""


@working(HandingOver)
def end_shift(caller: Caller, body: HandingOver) -> HttpResponse:
    """End the shift."""
    shift = hand_over(
        shift=caller.shift, counted_fen=body.counted_fen, note=body.note, at=clock.now()
    )
    response = told({"ended": _ended(shift)})
    forget(response, SHIFT_COOKIE)
    return response


def _terminal(device: Device) -> dict[str, Any]:
    terminal = device.terminal
    caps = caps_of(terminal)
    return {
        "id": terminal.pk,
        "code": terminal.code,
        "kind": terminal.kind,
        "store": {"id": terminal.store_id, "name": terminal.store.organisation.name},
        "device": device.pk,
        "zone": current_configuration().time_zone.key,
        "caps": {
            "useFen": caps.use_fen_max,
            "offlineUseFen": caps.offline_use_fen_max,
            "offlineTotalFen": caps.offline_total_fen_max,
        },
    }


def _shift(caller: Caller) -> dict[str, Any]:
    shift, permissions = caller.shift, caller.counter().actor.permissions
    last = last_shift(caller.device.terminal)
    return {
        "id": shift.pk,
        "clerk": shift.user.name,
        "username": shift.user.username,
        "beganAt": moment(shift.began_at),
        "mayTopUp": ISSUE in permissions,
        "mayUndo": REVERSE in permissions,
        "hasPin": StaffPin.objects.filter(user=shift.user_id).exists(),
        "last": None if last is None else _ended(last),
    }


def _ended(shift: Shift) -> dict[str, Any]:
    return {
        "clerk": shift.user.name,
        "beganAt": moment(shift.began_at),
        "endedAt": moment(shift.ended_at),
        "countedFen": shift.counted_fen,
        "note": shift.note,
        **_totals(shift),
    }


def _totals(shift: Shift) -> dict[str, Any]:
    return {"totals": totals_of(shift), "takenTotals": taken_totals([shift])[shift.pk]}
