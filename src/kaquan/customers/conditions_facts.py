"""Whether one customer fits a segment's conditions: plain Python, for tills and for the proof that
the SQL says the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kaquan.customers import conditions as c


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingFacts:
    """What conditions ask of a customer; ``path`` is that of the node it belongs to."""

    tags: frozenset[str]
    path: str
    joined_at: datetime
    birth_month: int | None
    uses: int
    spend_fen: int
    last_visit_at: datetime | None
    consents: frozenset[str]


@dataclass(frozen=True, slots=True)
class Today:
    """The day that conditions are judged on, in the issuer's zone."""

    day: date
    zone: ZoneInfo

    @classmethod
    def at(cls, moment: datetime, zone: ZoneInfo) -> Today:
        """The day of a moment."""
        return cls(moment.astimezone(zone).date(), zone)

    def start_of(self, day: date) -> datetime:
        """The first moment of a day."""
        return datetime.combine(day, time(), self.zone)

    def days_ago(self, days: int) -> datetime:
        """The first moment of the day so many days ago."""
        return self.start_of(self.day - timedelta(days=days))

    def months_of(self, condition: c.BirthMonth) -> frozenset[int]:
        """The months that a condition means."""
        relative = {"": [], "this": [self.day.month], "next": [self.day.month % 12 + 1]}
        return frozenset([*condition.months, *relative[condition.relative]])


def fits(group: c.Group, facts: StandingFacts, today: Today, paths: Mapping[int, str]) -> bool:
    """Whether the customer fits; ``paths`` knows the nodes that conditions name, and what it does
    not know nobody belongs to."""
    if not group.of:
        return True
    each = (
        fits(one, facts, today, paths)
        if isinstance(one, c.Group)
        else _fits(one, facts, today, paths)
        for one in group.of
    )
    match group.mode:
        case "all":
            return all(each)
        case "any":
            return any(each)
        case _:
            return not any(each)


def _fits(leaf: c.Leaf, facts: StandingFacts, today: Today, paths: Mapping[int, str]) -> bool:
    match leaf:
        case c.Tags():
            return _has(facts.tags, leaf.any, leaf.every, leaf.none)
        case c.Consents():
            return _has(facts.consents, (), leaf.given, leaf.missing)
        case c.Belongs():
            return any(
                node_id in paths and facts.path.startswith(paths[node_id]) for node_id in leaf.under
            )
        case c.BirthMonth():
            return facts.birth_month in today.months_of(leaf)
        case c.Used():
            return _between(facts.uses, leaf.least, leaf.most)
        case c.Spent():
            return _between(facts.spend_fen, leaf.least_fen, leaf.most_fen)
        case c.LastVisit():
            return _visited(facts.last_visit_at, leaf, today)
        case c.Joined():
            since, before = joined_bounds(leaf, today)
            at = facts.joined_at
            return (since is None or at >= since) and (before is None or at < before)


def joined_bounds(leaf: c.Joined, today: Today) -> tuple[datetime | None, datetime | None]:
    """The first moment of joining that fits, and the first one after those that do."""
    since = [today.start_of(leaf.since)] if leaf.since is not None else []
    if leaf.days_max is not None:
        since.append(today.days_ago(leaf.days_max))
    before = [today.start_of(leaf.until + timedelta(days=1))] if leaf.until is not None else []
    if leaf.days_min is not None:
        before.append(today.days_ago(leaf.days_min - 1))
    return max(since, default=None), min(before, default=None)


def _has(
    names: frozenset[str],
    some: tuple[str, ...],
    every: tuple[str, ...],
    none: tuple[str, ...],
) -> bool:
    return (
        (not some or not names.isdisjoint(some))
        and names.issuperset(every)
        and names.isdisjoint(none)
    )


def _between(number: int, least: int | None, most: int | None) -> bool:
    return (least is None or number >= least) and (most is None or number <= most)


def _visited(at: datetime | None, leaf: c.LastVisit, today: Today) -> bool:
    if leaf.within_days is not None and (at is None or at < today.days_ago(leaf.within_days)):
        return False
    return leaf.not_within_days is None or at is None or at < today.days_ago(leaf.not_within_days)
