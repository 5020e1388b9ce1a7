"""A segment's conditions as SQL: a closed set of fragments, every value a parameter.

Each fragment is true or false and never unknown, or "none of" would mean something else here than
in Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kaquan.customers import conditions as c
from kaquan.customers.conditions_facts import Today, joined_bounds

_JOINS = {
    "uses": " LEFT JOIN customers_uses AS uses ON uses.customer_id = customer.id",
    "purchases": " LEFT JOIN customers_purchases AS purchases"
    " ON purchases.customer_id = customer.id",
}
_LAST_VISIT = "greatest(uses.last_used_at, purchases.last_ordered_at)"
_WORDS = {"all": " AND ", "any": " OR ", "none": " OR "}


class Compiled(NamedTuple):
    """``where`` with its parameters, over ``customer`` and the ``joins`` that it needs."""

    where: str
    parameters: list[Any]
    joins: str


def compiled(group: c.Group, today: Today, paths: Mapping[int, str]) -> Compiled:
    """The conditions over a row of ``customers_customer AS customer``; ``paths`` as in ``fits``."""
    making = _Making(today, paths)
    where = making.group(group)
    joins = "".join(_JOINS[name] for name in sorted(making.tables))
    return Compiled(where, making.parameters, joins)


class _Making:
    """Gathers parameters in the order of their places in the text."""

    def __init__(self, today: Today, paths: Mapping[int, str]) -> None:
        self.today = today
        self.paths = paths
        self.parameters: list[Any] = []
        self.tables: set[str] = set()

    def group(self, group: c.Group) -> str:
        if not group.of:
            return "TRUE"
        parts = [
            self.group(one) if isinstance(one, c.Group) else f"({self._leaf(one)})"
            for one in group.of
        ]
        text = f"({_WORDS[group.mode].join(parts)})"
        return f"NOT {text}" if group.mode == "none" else text

    def _leaf(self, leaf: c.Leaf) -> str:
        match leaf:
            case c.Tags():
                return self._names("customer.tags", leaf.any, leaf.every, leaf.none)
            case c.Consents():
                return self._names("customer.consents", (), leaf.given, leaf.missing)
            case c.Belongs():
                under = [f"{self.paths[one]}%" for one in leaf.under if one in self.paths]
                return self._with(
                    "coalesce(customer.organisation_id IN (SELECT id FROM"
                    " organisations_organisation WHERE path LIKE ANY (%s::text[])), FALSE)",
                    under,
                )
            case c.BirthMonth():
                months = sorted(self.today.months_of(leaf))
                return self._with("coalesce(customer.birth_month = ANY (%s::int[]), FALSE)", months)
            case c.Used():
                self.tables.add("uses")
                return self._between("coalesce(uses.uses, 0)", leaf.least, leaf.most)
            case c.Spent():
                self.tables.add("purchases")
                spent = "coalesce(purchases.spend_fen, 0)"
                return self._between(spent, leaf.least_fen, leaf.most_fen)
            case c.LastVisit():
                return self._visited(leaf)
            case c.Joined():
                since, before = joined_bounds(leaf, self.today)
                parts = []
                if since is not None:
                    parts.append(self._with("customer.joined_at >= %s", since))
                if before is not None:
                    parts.append(self._with("customer.joined_at < %s", before))
                return _all(parts)

    def _names(
        self, column: str, some: tuple[str, ...], every: tuple[str, ...], none: tuple[str, ...]
    ) -> str:
        parts = []
        if some:
            parts.append(self._with(f"{column} && %s::varchar[]", list(some)))
        if every:
            parts.append(self._with(f"{column} @> %s::varchar[]", list(every)))
        if none:
            parts.append(self._with(f"NOT {column} && %s::varchar[]", list(none)))
        return _all(parts)

    def _between(self, value: str, least: int | None, most: int | None) -> str:
        parts = []
        if least is not None:
            parts.append(self._with(f"{value} >= %s", least))
        if most is not None:
            parts.append(self._with(f"{value} <= %s", most))
        return _all(parts)

    def _visited(self, leaf: c.LastVisit) -> str:
        self.tables |= {"uses", "purchases"}
        parts = []
        if leaf.within_days is not None:
            since = self.today.days_ago(leaf.within_days)
            parts.append(self._with(f"coalesce({_LAST_VISIT} >= %s, FALSE)", since))
        if leaf.not_within_days is not None:
            before = self.today.days_ago(leaf.not_within_days)
            parts.append(self._with(f"coalesce({_LAST_VISIT} < %s, TRUE)", before))
        return _all(parts)

    def _with(self, text: str, value: Any) -> str:
        self.parameters.append(value)
        return text


def _all(parts: list[str]) -> str:
    return " AND ".join(parts) or "TRUE"
