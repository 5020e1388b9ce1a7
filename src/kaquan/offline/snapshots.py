"""What a till must know to take vouchers without a network, for as long as it is allowed to.

Everything that needs a calendar or the tree of stores is worked out here, for this one terminal:
the device compares numbers only.

Many devices ask, and often. So what terms say of a day is worked out once, and what the books say
of a batch once for as long as no lane of theirs has moved: nothing that is told is out of date.
"""

from __future__ import annotations

import base64
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from kaquan.campaigns.models import CampaignBatch, CampaignStatus
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.money import MAX_FEN
from kaquan.engine.rules.check import Rules
from kaquan.engine.rules.opening import OpeningHours, start_of_day
from kaquan.engine.rules.terms import Validity
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.batch_rules import rules_of
from kaquan.ledger.offline_lists import (
    Heads,
    dead_serials,
    heads_of,
    live_runs,
    running_batches,
)
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.store_facts import store_facts
from kaquan.redemption.codes import ISSUER
from kaquan.redemption.signed_keys import public_keys
from kaquan.redemption.visits import STORE_CHANNEL
from kaquan.terminals.models import Device

BATCHES_MAX = 500
RUNS_MAX = 2_000
DEAD_MAX = 200_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)

Span = tuple[datetime, datetime]


class _Vouchers(NamedTuple):
    """A batch's serials that may be live, and those among them that are good no more."""

    runs: Sequence[range]
    dead: Sequence[int]


def what_to_know(device: Device, since: datetime, until: datetime) -> dict[str, Any]:
    """Keys, days, and the vouchers that this terminal may take between two moments."""
    session = reading_session()
    heads, facts = heads_of(session), _facts(device)
    rows = _candidates(until)
    rules = rules_of(session, [row.id for row in rows])
    running = running_batches(session, list(rules))
    batches: list[dict[str, Any]] = []
    dead: list[int] = []
    for row in rows:
        known = rules.get(row.id)
        if known is None or row.id not in running or not known.terms.offline_use:
            continue
        spans = _open_spans(known, facts, since, until)
        vouchers = _vouchers(heads, row.id) if spans else None
        if vouchers is None or len(dead) + len(vouchers.dead) > DEAD_MAX:
            continue  # a list too long for a device: such vouchers are used online
        dead += vouchers.dead
        batches.append(_batch(row, known, spans, vouchers.runs))
    return {
        "issuer": ISSUER,
        "keys": [{"id": key.key_id, "x": _base64url(key.raw)} for key in public_keys()],
        "days": list(_days(since, until)),
        "batches": batches,
        "dead": base64.b64encode(_deltas(dead)).decode(),
    }


def milliseconds(at: datetime) -> int:
    """As a browser counts."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _candidates(until: datetime) -> Sequence[CampaignBatch]:
    """Batches whose terms allow it, the newest first."""
    rows = CampaignBatch.objects.select_related("offer_version__offer").filter(
        offer_version__terms__offline_use=True,
        campaign__status__in=(CampaignStatus.RUNNING, CampaignStatus.STOPPED, CampaignStatus.OVER),
        campaign__starts_at__lt=until,
    )
    return list(rows.order_by("-id")[:BATCHES_MAX])


def _facts(device: Device) -> Facts:
    """A visit at this terminal with an order that meets every minimum."""
    store = store_facts(device.terminal.store_id)
    assert store is not None, device.pk
    return Facts(
        store_id=store.store_id,
        store_path=store.store_path,
        channel=STORE_CHANNEL,
        terminal_kind=device.terminal.kind,
        order=Order("", (OrderLine("1", "", 1, MAX_FEN),)),
    )


def _batch(
    row: CampaignBatch, rules: Rules, spans: Iterable[Span], runs: Iterable[range]
) -> dict[str, Any]:
    return {
        "id": row.id,
        "version": row.offer_version_id,
        "name": row.offer_version.offer.name,
        "valueFen": rules.terms.fixed_value_fen,
        "minimumFen": rules.terms.scope.order_minimum_fen,
        "open": [[milliseconds(start), milliseconds(end)] for start, end in spans],
        "runs": [[run.start, len(run)] for run in runs],
    }


@lru_cache(maxsize=128)
def _vouchers(_heads: Heads, batch_id: int) -> _Vouchers | None:
    """As the books stand with these last blocks; None: there are none, or too many to tell."""
    session = reading_session()
    runs = live_runs(session, batch_id, limit=RUNS_MAX)
    dead = dead_serials(session, runs, limit=DEAD_MAX) if runs else None
    return None if not runs or dead is None else _Vouchers(runs, array("q", dead))


def _open_spans(rules: Rules, facts: Facts, since: datetime, until: datetime) -> list[Span]:
    """When such a voucher may be used here."""
    window = rules.unclaimed_window
    if window is not None:
        since, until = max(since, window[0]), min(until, window[1])
    spans: list[Span] = []
    validity = rules.terms.validity
    day = since.astimezone(ZoneInfo(validity.time_zone)).date()
    while start_of_day(day, ZoneInfo(validity.time_zone)) < until:
        for start, end in _open_on(validity, day):
            begins, ends = max(start, since), min(end, until)
            if spans and spans[-1][1] == begins:
                spans[-1] = (spans[-1][0], ends)
            elif begins < ends:
                spans.append((begins, ends))
        day += timedelta(days=1)
    # But for the hours, terms say the same of every moment.
    return spans if spans and rules.refusal(facts, spans[0][0]) is None else []


@lru_cache(maxsize=2_048)
def _open_on(validity: Validity, day: date) -> tuple[Span, ...]:
    """When such vouchers may be used on a day, wherever; hours begin and end with minutes."""
    hours, zone = OpeningHours(validity), ZoneInfo(validity.time_zone)
    at, end = start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone)
    if hours.always:
        return ((at, end),)
    spans: list[Span] = []
    begun: datetime | None = None
    while at < end:
        is_open = hours.refusal(at) is None
        if is_open and begun is None:
            begun = at
        elif not is_open and begun is not None:
            spans.append((begun, at))
            begun = None
        at += _MINUTE
    if begun is not None:
        spans.append((begun, end))
    return tuple(spans)


def _days(since: datetime, until: datetime) -> Iterator[list[int]]:
    """The issuer's days, as signed codes number them, each with its first moment and its end."""
    zone: ZoneInfo = current_configuration().time_zone
    day: date = since.astimezone(zone).date()
    while (start := start_of_day(day, zone)) < until:
        end = start_of_day(day + timedelta(days=1), zone)
        number = (datetime.combine(day, time(), UTC) - _EPOCH).days
        yield [number, milliseconds(start), milliseconds(end)]
        day += timedelta(days=1)


def _deltas(serials: Iterable[int]) -> bytes:
    """Serials in order, each as its distance from the one before, 7 bits to a byte, low ones first.

    Exact, and smaller than a filter that errs once in a million.
    """
    packed, before = bytearray(), 0
    for serial in sorted(serials):
        left, before = serial - before, serial
        while left >= 128:
            packed.append(left & 127 | 128)
            left >>= 7
        packed.append(left)
    return bytes(packed)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
