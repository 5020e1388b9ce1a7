"""Every call of the API as a value: what is sent, and what its answer is read as; no I/O in here.

The two clients send these and add nothing of their own. ``key`` is the request's Idempotency-Key;
without one a new one is made, and an error that leaves the outcome open has it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from kaquan_client.answers import (
    Claim,
    CommandOutcomes,
    Hold,
    Page,
    Redemption,
    Released,
    Reversal,
)
from kaquan_client.commands import (
    AnyCommand,
    LineReturn,
    Order,
    VoucherUse,
)
from kaquan_client.decoding import decode
from kaquan_client.events import PATH, EventPage
from kaquan_client.validations import Lookup, Validation

T = TypeVar("T")

COMMANDS_MAX = 1_000
KEY_MAX = 255

Parameter = str | int | bool | Sequence[str | int] | None


def new_key() -> str:
    """A new Idempotency-Key. Store it beside what you are about to send: then a crash between
    sending and the answer costs nothing, the same key asks for the same effect."""
    return secrets.token_urlsafe(24)


class Call(Struct, Generic[T], frozen=True, kw_only=True):
    """One call. ``path`` is below the API's base and has its query; ``changes`` unless it only
    reads, and then it has a ``key``."""

    method: str
    path: str
    answer: type[T]
    body: bytes = b""
    key: str | None = None

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.key is not None

    def read(self, body: bytes) -> T:
        """The answer; raises `msgspec.MsgspecError` where it is none."""
        return decode(body or b"null", self.answer)


def request(
    method: str,
    path: str,
    *,
    answer: type[T],
    body: object = None,
    key: str | None = None,
    parameters: Mapping[str, Parameter] | None = None,
) -> Call[T]:
    """Any call of the API: ``path`` such as ``/customers``; a change gets a key if it has none."""
    if not path.startswith("/"):
        raise ValueError(f"a path begins with /: {path!r}")
    query = _query(parameters or {})
    return Call(
        method=method,
        path=path + (f"?{query}" if query else ""),
        answer=answer,
        body=b"" if body is None else msgspec.json.encode(body),
        key=None if method == "GET" else checked_key(key),
    )


def checked_key(key: str | None) -> str:
    """A key as it may be sent; a new one for None."""
    if key is None:
        return new_key()
    if not 1 <= len(key) <= KEY_MAX or not all("!" <= character <= "~" for character in key):
        raise ValueError(f"a key has 1 to {KEY_MAX} visible ASCII characters: {key!r}")
    return key


def validate(
    vouchers: Sequence[VoucherUse | str] = (),
    *,
    store: str = "",
    order: Order | None = None,
    customer: str = "",
    channel: str = "",
    terminal_kind: str = "",
    terminal: str = "",
    best: bool = False,
) -> Call[Validation]:
    """What a redemption would do now; nothing is booked. ``best`` asks which of the customer's
    vouchers to use together, and why not the others. ``terminal`` is the code of a registered
    terminal of the store; ``terminal_kind`` is for those that are not registered."""
    body = {
        **_vouchers(vouchers),
        **_where(
            order,
            store=store,
            customer=customer,
            channel=channel,
            terminal_kind=terminal_kind,
            terminal=terminal,
        ),
        **({"best": True} if best else {}),
    }
    return _read("/validations", body, Validation)


def look_up(code: str, *, customer: str = "") -> Call[Lookup]:
    """What a voucher is and may do now. Whoever may not trace vouchers names who holds it."""
    return _read("/lookups", {"code": code, **_named(customer=customer)}, Lookup)


def read_events(
    after: str = "", *, limit: int = 100, parameters: Mapping[str, Parameter] | None = None
) -> Call[EventPage]:
    """The events after a position, or the oldest; ``parameters`` are ``types``, ``batch_ids``,
    ``under_id`` and ``store``."""
    wanted = {**(parameters or {}), "limit": limit, "cursor": after or None}
    return request("GET", PATH, answer=EventPage, parameters=wanted)


def claim(
    batch_id: int,
    *,
    customer: str,
    channel: str = "",
    voucher_code: str = "",
    key: str | None = None,
) -> Call[Claim]:
    """A customer takes a voucher of a batch: the one with ``voucher_code``, or the next in
    stock."""
    body = {"batch_id": batch_id, "customer": customer}
    return _change(
        "/claims", {**body, **_named(channel=channel, voucher_code=voucher_code)}, Claim, key
    )


def redeem(
    vouchers: Sequence[VoucherUse | str],
    *,
    store: str = "",
    order: Order | None = None,
    customer: str = "",
    channel: str = "",
    terminal_kind: str = "",
    terminal: str = "",
    key: str | None = None,
) -> Call[Redemption]:
    """Use vouchers on one order, all or none; a text is a code."""
    body = {
        **_vouchers(vouchers),
        **_where(
            order,
            store=store,
            customer=customer,
            channel=channel,
            terminal_kind=terminal_kind,
            terminal=terminal,
        ),
    }
    return _change("/redemptions", body, Redemption, key)


def reverse(
    redemption: str,
    *,
    code: str = "",
    amount_fen: int | None = None,
    lines: Sequence[LineReturn] = (),
    reason: str = "",
    terminal: str = "",
    key: str | None = None,
) -> Call[Reversal]:
    """Undo a redemption: whole, an amount, or units of order lines; of all its vouchers, or of the
    one with ``code``. ``terminal`` is the code of a registered terminal of the same store."""
    body: dict[str, object] = _named(code=code, reason=reason, terminal=terminal)
    if amount_fen is not None:
        body["amount_fen"] = amount_fen
    if lines:
        body["lines"] = lines
    return _change(f"/redemptions/{quote(redemption, safe='')}/reversals", body, Reversal, key)


def hold(
    vouchers: Sequence[VoucherUse | str],
    *,
    expires_in_s: int = 900,
    store: str = "",
    order: Order | None = None,
    customer: str = "",
    channel: str = "",
    terminal_kind: str = "",
    terminal: str = "",
    key: str | None = None,
) -> Call[Hold]:
    """Reserve vouchers for one order, for so many seconds."""
    body = {
        **_vouchers(vouchers),
        **_where(
            order,
            store=store,
            customer=customer,
            channel=channel,
            terminal_kind=terminal_kind,
            terminal=terminal,
        ),
        "expires_in_s": expires_in_s,
    }
    return _change("/holds", body, Hold, key)


def redeem_hold(hold: str, *, terminal: str = "", key: str | None = None) -> Call[Redemption]:
    """Use what a hold reserves, on the hold's own order; ``terminal`` as in `reverse`."""
    body = _named(terminal=terminal)
    return _change(f"/holds/{quote(hold, safe='')}/redeem", body, Redemption, key)


def release_hold(hold: str, *, terminal: str = "", key: str | None = None) -> Call[Released]:
    """Give a hold back; ``terminal`` as in `reverse`."""
    body = _named(terminal=terminal)
    return _change(f"/holds/{quote(hold, safe='')}/release", body, Released, key)


def submit(commands: Sequence[AnyCommand], *, key: str | None = None) -> Call[CommandOutcomes]:
    """Up to 1,000 commands, one outcome each; neighbours with the same ``link`` stand or fall
    together."""
    if not 1 <= len(commands) <= COMMANDS_MAX:
        raise ValueError(f"1 to {COMMANDS_MAX} commands at once, not {len(commands)}")
    return _change("/commands", {"commands": commands}, CommandOutcomes, key)


def page(
    path: str,
    answer: type[T],
    *,
    parameters: Mapping[str, Parameter] | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Call[Page[T]]:
    """One part of a list."""
    wanted = {**(parameters or {}), "limit": limit, "cursor": cursor}
    return request("GET", path, answer=Page[answer], parameters=wanted)  # type: ignore[valid-type]


def _read(path: str, body: object, answer: type[T]) -> Call[T]:
    return Call(method="POST", path=path, answer=answer, body=msgspec.json.encode(body))


def _change(path: str, body: object, answer: type[T], key: str | None) -> Call[T]:
    return request("POST", path, answer=answer, body=body, key=key)


def _vouchers(vouchers: Sequence[VoucherUse | str]) -> dict[str, object]:
    uses = [VoucherUse(one) if isinstance(one, str) else one for one in vouchers]
    return {"vouchers": uses} if uses else {}


def _where(order: Order | None, **texts: str) -> dict[str, object]:
    where = _named(**texts)
    return where if order is None else {**where, "order": order}


def _named(**texts: str) -> dict[str, Any]:
    """The fields that are given; an empty text is not sent."""
    return {name: text for name, text in texts.items() if text}


def _query(parameters: Mapping[str, Parameter]) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif isinstance(value, str | int):
            pairs.append((name, str(value)))
        elif value is not None:
            pairs += [(name, str(one)) for one in value]
    return urlencode(pairs)
