"""Everything that the first page shows, read in one go."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from kaquan.analytics.models import Event, ProofRun
from kaquan.analytics.queries import (
    BATCHES_MAX,
    funnels,
    last_events,
    last_proof,
    totals_by_day,
)
from kaquan.campaigns.models import Campaign
from kaquan.campaigns.queries import batches, batches_by_id, campaigns
from kaquan.foundation.actor import system_actor
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.queries import organisation_names

CAMPAIGNS_READ = 50
CAMPAIGNS_SHOWN = 12
EVENTS_SHOWN = 10
DAYS_SHOWN = 14
REUSED_S_MAX = 10  # what was not booked, such as a new campaign, shows after this at the latest
HEAD_CHARACTERS = 12
ACTOR = system_actor("overview")

STATES = ("running", "coming", "over")


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened on one day."""

    issued: int = 0
    redeemed: int = 0
    reversed: int = 0
    discount_fen: int = 0
    returned_fen: int = 0


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign and how far its vouchers have come; ``state`` is one of ``STATES``."""

    name: str
    kind: str
    state: str
    minted: int
    issued: int
    redeemed: int
    discount_fen: int

    @property
    def issued_percent(self) -> int:
        """Of those minted, how many were issued, in whole percent."""
        return min(self.issued * 100 // self.minted, 100) if self.minted else 0

    @property
    def redeemed_percent(self) -> int:
        """Of those minted, how many were redeemed, in whole percent."""
        return min(self.redeemed * 100 // self.minted, 100) if self.minted else 0


@dataclass(frozen=True, slots=True)
class EventLine:
    """Something that was booked just now; nobody is named. ``refusal``: the outcome's code."""

    when: str
    operation: str
    refusal: str
    what: str
    where: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page's figures at one moment."""

    today: Tally
    yesterday: Tally
    days: list[tuple[date, int, int]]
    campaigns: list[CampaignLine]
    events: list[EventLine]
    proof: ProofRun | None
    proof_head: str


def local_time(at: datetime) -> str:
    """A moment of today on the issuer's clock."""
    return _local(at).strftime("%H:%M:%S")


def _local(at: datetime) -> datetime:
    return at.astimezone(current_configuration().time_zone)


class OverviewReader:
    """Reads the page's figures; while nothing is booked, two small queries are all it takes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: Overview | None = None
        self._seen: object = None
        self._read_at: datetime | None = None

    def read(self, now: datetime) -> Overview:
        """The figures as the counters know them; raises what the database raises."""
        with self._lock:
            events, proof = last_events(EVENTS_SHOWN), last_proof()
            today = _local(now).date()
            seen = (today, [event.pk for event in events], proof and proof.pk)
            if self._last is None or seen != self._seen or self._is_old(now):
                self._last = _overview(events, proof, today, now)
                self._seen, self._read_at = seen, now
            return self._last

    def _is_old(self, now: datetime) -> bool:
        return self._read_at is None or (now - self._read_at).total_seconds() >= REUSED_S_MAX


def _overview(events: list[Event], proof: ProofRun | None, today: date, now: datetime) -> Overview:
    by_day = totals_by_day(today, DAYS_SHOWN)
    tallies = {day: _tally(figures) for day, figures in by_day.items()}
    *_, yesterday, last = tallies.values()
    return Overview(
        today=last,
        yesterday=yesterday,
        days=[(day, tally.issued, tally.redeemed) for day, tally in tallies.items()],
        campaigns=_campaign_lines(now),
        events=_event_lines(events, today),
        proof=proof,
        proof_head=proof.head[:HEAD_CHARACTERS] if proof else "",
    )


def _tally(figures: Mapping[str, int]) -> Tally:
    return Tally(**{name: figures.get(name, 0) for name in Tally.__slots__})


def _campaign_lines(now: datetime) -> list[CampaignLine]:
    """Those that run first, then those to come, then those that are over; newest first."""
    found = campaigns(ACTOR, limit=CAMPAIGNS_READ)
    found = sorted(found, key=lambda one: STATES.index(_state(one, now)))[:CAMPAIGNS_SHOWN]
    campaign_of = {
        batch.id: batch.campaign_id for batch in batches(ACTOR, [one.id for one in found])
    }
    sums: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for some in _chunks(campaign_of, BATCHES_MAX):
        for batch_id, figures in funnels(some).items():
            for name, value in figures.items():
                sums[campaign_of[batch_id]][name] += value
    return [
        CampaignLine(
            name=one.name,
            kind=one.kind,
            state=_state(one, now),
            minted=sums[one.id]["minted"],
            issued=sums[one.id]["issued"],
            redeemed=sums[one.id]["redeemed"],
            discount_fen=sums[one.id]["discount_fen"],
        )
        for one in found
    ]


def _state(campaign: Campaign, now: datetime) -> str:
    if now < campaign.starts_at:
        return "coming"
    return "running" if now < campaign.ends_at else "over"


def _chunks(some: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = iter(some)
    while chunk := list(islice(rest, size)):
        yield chunk


def _event_lines(events: list[Event], today: date) -> list[EventLine]:
    known = batches_by_id(ACTOR, {event.batch_id for event in events if event.batch_id})
    stores = organisation_names(ACTOR, {event.store_id for event in events if event.store_id})
    return [
        EventLine(
            when=_when(event.at, today),
            operation=event.operation,
            refusal=event.refusal,
            what=known[event.batch_id].campaign.name if event.batch_id in known else "",
            where=stores.get(event.store_id or 0, ""),
            amount_fen=event.amount_fen,
        )
        for event in events
    ]


def _when(at: datetime, today: date) -> str:
    local = _local(at)
    if local.date() == today:
        return local.strftime("%H:%M:%S")
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d")
