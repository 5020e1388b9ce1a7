"""Segments as commands see them: names among a customer's tags.

Terms ask for a segment like for a tag, as ``segment:`` and its code. Segments that may be used so
are few, are read at most once a second, and are judged for each customer as it is then: nobody has
to bring a list up to date.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from kaquan.customers import conditions as c
from kaquan.customers.conditions import BadConditionsError, Group, leaves, read_conditions
from kaquan.customers.conditions_facts import StandingFacts, Today, fits
from kaquan.customers.models import Customer, Segment
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.models import Organisation

log = logging.getLogger(__name__)

SEGMENT_PREFIX = "segment:"
IN_OFFERS_MAX = 20
AGE_S_MAX = 1.0


class Rule(NamedTuple):
    """A segment that terms may ask for; ``path`` is that of its owner."""

    tag: str
    path: str
    conditions: Group
    paths: Mapping[int, str]


class RulesCache:
    """The segments as they were at most `AGE_S_MAX` ago; safe for threads."""

    def __init__(self, monotonic_s: Callable[[], float] = clock.monotonic_s) -> None:
        self._monotonic_s = monotonic_s
        self._known: tuple[float, Sequence[Rule]] = (float("-inf"), ())

    def get(self) -> Sequence[Rule]:
        """All of them; one query at most."""
        now_s = self._monotonic_s()
        loaded_s, rules = self._known
        if now_s - loaded_s >= AGE_S_MAX:
            rules = _rules()
            self._known = now_s, rules
        return rules

    def forget(self) -> None:
        """Read them again at the next use."""
        self._known = (float("-inf"), ())


_rules_cache = RulesCache()
forget = _rules_cache.forget


def segment_tag(code: str) -> str:
    """How terms name a segment."""
    return f"{SEGMENT_PREFIX}{code}"


def segment_tags(customer_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The segments of customers, as tags; those in none are left out. Not scoped."""
    rules = _rules_cache.get()
    if not rules or not customer_ids:
        return {}
    today = Today.at(clock.now(), current_configuration().time_zone)
    found = {}
    for customer_id, facts in standing_facts(customer_ids).items():
        tags = frozenset(
            rule.tag
            for rule in rules
            if facts.path.startswith(rule.path) and fits(rule.conditions, facts, today, rule.paths)
        )
        if tags:
            found[customer_id] = tags
    return found


def standing_facts(customer_ids: Collection[int]) -> dict[int, StandingFacts]:
    """What conditions ask of customers; those that are merged into others or erased are in no
    segment and left out. Not scoped."""
    rows = Customer.objects.filter(
        id__in=customer_ids, erased_at__isnull=True, merged_into__isnull=True
    ).values_list(
        *("id", "tags", "organisation__path", "joined_at", "birth_month", "consents"),
        *("uses__uses", "uses__last_used_at"),
        *("purchases__spend_fen", "purchases__last_ordered_at"),
    )
    return {
        customer_id: StandingFacts(
            tags=frozenset(tags),
            path=path or "",
            joined_at=joined_at,
            birth_month=birth_month,
            uses=uses or 0,
            spend_fen=spend_fen or 0,
            last_visit_at=max(filter(None, (last_used_at, last_ordered_at)), default=None),
            consents=frozenset(consents),
        )
        for (
            customer_id, tags, path, joined_at, birth_month, consents, uses, last_used_at,
            spend_fen, last_ordered_at,
        ) in rows
    }  # fmt: skip


def _rules() -> list[Rule]:
    rows = Segment.objects.filter(in_offers=True, active=True).order_by("id")
    values = rows.values_list("code", "organisation__path", "conditions")[:IN_OFFERS_MAX]
    read = []
    for code, path, raw in values:
        try:
            read.append((code, path or "", read_conditions(raw)))
        except BadConditionsError:  # of another version; nobody is in it, and tills go on
            log.exception("the conditions of the segment %s cannot be read", code)
    named = {
        node_id
        for _, _, group in read
        for leaf in leaves(group)
        if isinstance(leaf, c.Belongs)
        for node_id in leaf.under
    }
    nodes = Organisation.objects.filter(id__in=named)
    paths = dict(nodes.values_list("id", "path")) if named else {}
    return [Rule(segment_tag(code), path, group, paths) for code, path, group in read]
