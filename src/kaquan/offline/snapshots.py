"""What a till must know to take vouchers without a network, for as long as it is allowed to.

Everything that needs a calendar or the tree of stores is worked out here, for this one terminal:
the device compares numbers only.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kaquan.campaigns.models import CampaignBatch, CampaignStatus
from kaquan.engine.facts import Facts, Order, OrderLine
from kaquan.engine.money import MAX_FEN
from kaquan.engine.rules.check import Rules
from kaquan.engine.rules.opening import OpeningHours, start_of_day
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.batch_rules import rules_of
from kaquan.ledger.offline_lists import dead_serials, live_runs, running_batches
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.queries import store_facts
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


def what_to_know(device: Device, since: datetime, until: datetime) -> dict[str, Any]:
    """Keys, days, and the vouchers that this terminal may take between two moments."""
    session = reading_session()
    facts = _facts(device)
    rows = _candidates(until)
    rules = rules_of(session, [row.id for row in rows])
    running = running_batches(session, list(rules))
    batches: list[dict[str, Any]] = []
    dead: list[int] = []
    for row in rows:
        known = rules.get(row.id)
        if known is None or row.id not in running or not known.terms.offline_use:
            continue
        spans = list(_open_spans(known, facts, since, until))
        runs = live_runs(session, row.id, limit=RUNS_MAX) if spans else None
        if not runs:
            continue
        ended = dead_serials(session, runs, limit=DEAD_MAX - len(dead))
        if ended is None:
            continue  # a list too long for a device: such vouchers are used online
        dead += ended
        batches.append(_batch(row, known, spans, runs))
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


def _open_spans(rules: Rules, facts: Facts, since: datetime, until: datetime) -> Iterator[Span]:
    """When such a voucher may be used here; hours begin and end with minutes."""
    window = rules.unclaimed_window
    if window is not None:
        since, until = max(since, window[0]), min(until, window[1])
    if since >= until:
        return
    if OpeningHours(rules.terms.validity).always:
        if rules.refusal(facts, since) is None:
            yield since, until
        return
    begun: datetime | None = None
    at = since
    while at < until:
        if rules.refusal(facts, at) is not None:
            if begun is not None:
                yield begun, at
            begun = None
        elif begun is None:
            begun = at
        at = at.replace(second=0, microsecond=0) + _MINUTE
    if begun is not None:
        yield begun, until


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
