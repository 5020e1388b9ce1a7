"""Segments: which there are, who is in them, and how many.

Who is in a segment is asked, not kept: it is true at the moment of asking. People are read in
windows of ids, so that a page or a part of a list costs the same however few of a million fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from random import Random
from typing import Any, NamedTuple

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Q
from psycopg import errors

from kaquan.customers import conditions as c
from kaquan.customers import queries
from kaquan.customers.conditions import BadConditionsError, Group, leaves, read_conditions
from kaquan.customers.conditions_facts import Today, fits
from kaquan.customers.conditions_sql import Compiled, compiled
from kaquan.customers.errors import (
    segment_conditions_invalid,
    segment_not_active,
    segment_unknown,
)
from kaquan.customers.models import Customer, Segment
from kaquan.customers.queries import CustomerLine, customer_by_id, line_of
from kaquan.customers.segment_tags import standing_facts
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.paging import (
    COUNTED_MAX,
    Page,
    Paging,
    cursor_invalid,
    cursor_of,
    keys_in,
    page_of,
)
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import within

VIEW = queries.VIEW
WINDOW_IDS = 50_000
WINDOWS_A_PAGE_MAX = 3
COUNT_MS = 120
SAMPLE_ROWS = 10_000
_SEED = 7
LIST_MAX = 200
ORDERS = {"newest": "-id", "name": "name", "code": "code"}

_LIVING = "customer.erased_at IS NULL AND customer.merged_into_id IS NULL"
_WITHIN = (
    " AND customer.organisation_id IN"
    " (SELECT id FROM organisations_organisation WHERE path LIKE %s)"
)


class Headcount(NamedTuple):
    """How many people fit; one that is not exact was estimated from some thousands of them."""

    number: int
    is_exact: bool


class SegmentFilter(NamedTuple):
    """Which segments; None does not restrict."""

    words: str | None = None
    in_offers: bool | None = None
    active: bool | None = None


def segment_by_id(actor: Actor, segment_id: int, *, for_update: bool = False) -> Segment:
    """The segment; raises `segment_unknown`."""
    require(actor, VIEW)
    rows = within(actor, Segment.objects.filter(id=segment_id), "organisation")
    segment = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if segment is None:
        raise segment_unknown(segment_id)
    return segment


def segment_page(actor: Actor, wanted: SegmentFilter, paging: Paging) -> Page[Segment]:
    """Segments as lists show them; raises `cursor_invalid`, `sort_invalid`."""
    require(actor, VIEW)
    rows = within(actor, Segment.objects.select_related("organisation"), "organisation")
    if wanted.words is not None:
        rows = rows.filter(Q(name__icontains=wanted.words) | Q(code__icontains=wanted.words))
    if wanted.in_offers is not None:
        rows = rows.filter(in_offers=wanted.in_offers)
    if wanted.active is not None:
        rows = rows.filter(active=wanted.active)
    return page_of(rows, paging, ORDERS)


def segments(actor: Actor) -> Sequence[Segment]:
    """Those that can be used, by name, to choose one from."""
    require(actor, VIEW)
    rows = within(actor, Segment.objects.filter(active=True), "organisation")
    return list(rows.select_related("organisation").order_by("name", "id")[:LIST_MAX])


def segments_of(actor: Actor, customer_id: int) -> Sequence[Segment]:
    """The segments that a customer is in now, of those that can be used; raises
    `customer_unknown`."""
    customer_by_id(actor, customer_id)
    facts = standing_facts([customer_id]).get(customer_id)
    if facts is None:
        return []
    today = Today.at(clock.now(), current_configuration().time_zone)
    found = []
    for segment in segments(actor):
        group = conditions_of(segment)
        if facts.path.startswith(_path_of(segment)) and fits(
            group, facts, today, paths_named(group)
        ):
            found.append(segment)
    return found


def conditions_of(segment: Segment) -> Group:
    """Its conditions; raises `segment_conditions_invalid`."""
    return checked_conditions(segment.conditions)


def checked_conditions(raw: Any) -> Group:
    """Conditions from JSON's types; raises `segment_conditions_invalid`."""
    try:
        return read_conditions(raw)
    except BadConditionsError as error:
        raise segment_conditions_invalid(error.zh, error.en) from None


def members(actor: Actor, segment_id: int, *, at: datetime | None = None) -> Iterator[int]:
    """The ids of a segment's people in the actor's part of the tree, in their order.

    Raises `segment_unknown`, `segment_not_active` before the first.
    """
    segment = segment_by_id(actor, segment_id)
    if not segment.active:
        raise segment_not_active(segment.code)
    people = _People(actor, conditions_of(segment), _path_of(segment), at)
    return people.ids()


def people_page(
    actor: Actor,
    segment: Segment,
    paging: Paging,
    *,
    number: str = "",
    also: Sequence[c.Leaf] = (),
) -> Page[CustomerLine]:
    """A segment's people as lists show them, the newest first, narrowed by how their numbers begin
    and by more conditions.

    A page looks at so many ids at most: where few fit it may be short, and the next one looks
    further back. Raises `cursor_invalid`.
    """
    require(actor, VIEW)
    group = conditions_of(segment)
    if also:
        group = Group(of=(group, *also))
    people = _People(actor, group, _path_of(segment), number=number)
    ids, following = people.page(_before_id(paging), paging.rows_max)
    rows = Customer.objects.select_related("merged_into").filter(id__in=ids).order_by("-id")
    counted = people.count() if paging.counts else None
    exact = counted.number if counted is not None and counted.is_exact else None
    return Page(
        [line_of(one) for one in rows],
        after=cursor_of(following) if following else "",
        count=None if exact is None else min(exact, COUNTED_MAX),
        is_more=exact is not None and exact > COUNTED_MAX,
    )


def headcount(actor: Actor, group: Group, *, organisation: Organisation | None = None) -> Headcount:
    """How many fit, in the actor's part of the tree and that of the segment's owner.

    Counted if that takes no longer than `COUNT_MS`, else estimated from a sample of `SAMPLE_ROWS`.
    """
    require(actor, VIEW)
    return _People(actor, group, organisation.path if organisation else "").count()


def paths_named(group: Group) -> dict[int, str]:
    """The paths of the nodes that conditions name; what is gone has none."""
    named = _node_ids(group)
    if not named:  # as nearly always: to find that out by a query takes a millisecond
        return {}
    return dict(Organisation.objects.filter(id__in=named).values_list("id", "path"))


def nodes_named(actor: Actor, group: Group) -> dict[int, Organisation]:
    """The nodes that conditions name, as far as they are the actor's to see."""
    rows = within(actor, Organisation.objects.filter(id__in=_node_ids(group)), "")
    return {node.id: node for node in rows}


def _node_ids(group: Group) -> set[int]:
    return {
        node_id for leaf in leaves(group) if isinstance(leaf, c.Belongs) for node_id in leaf.under
    }


def _path_of(segment: Segment) -> str:
    return segment.organisation.path if segment.organisation else ""


def _before_id(paging: Paging) -> int | None:
    if not paging.after:
        return None
    (key,) = keys_in(paging.after, 1)
    if not isinstance(key, int):
        raise cursor_invalid()
    return key


class _People:
    """Those who fit conditions within one or two parts of the tree, as of one moment."""

    def __init__(
        self,
        actor: Actor,
        group: Group,
        path: str,
        at: datetime | None = None,
        number: str = "",
    ) -> None:
        today = Today.at(at or clock.now(), current_configuration().time_zone)
        found: Compiled = compiled(group, today, paths_named(group))
        scopes = sorted({actor.organisation_path, path} - {""})
        self._from = f"customers_customer AS customer{found.joins}"
        begins = " AND starts_with(customer.number, %s)" if number else ""
        self._where = f"{_LIVING}{_WITHIN * len(scopes)}{begins} AND {found.where}"
        self._parameters = [*(f"{one}%" for one in scopes), *filter(None, [number])]
        self._parameters += found.parameters

    def ids(self) -> Iterator[int]:
        """All of them, window by window."""
        low, last = 0, _last_id()
        while low < last:
            yield from self._window(low, low + WINDOW_IDS, "ASC", WINDOW_IDS)
            low += WINDOW_IDS

    def page(self, before_id: int | None, limit: int) -> tuple[list[int], int]:
        """The last ids before one, and where to go on; 0: there are no more."""
        high = _last_id() + 1 if before_id is None else before_id
        found: list[int] = []
        for _ in range(WINDOWS_A_PAGE_MAX):
            low = max(0, high - WINDOW_IDS)
            found += self._window(low - 1, high - 1, "DESC", limit + 1 - len(found))
            if len(found) > limit:
                return found[:limit], found[limit - 1]
            high = low
            if high <= 0:
                return found, 0
        return found, high

    def count(self) -> Headcount:
        """How many, exactly or about."""
        exact = self._counted()
        return Headcount(exact, is_exact=True) if exact is not None else self._estimated()

    def _window(self, after: int, until: int, order: str, limit: int) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT customer.id FROM {self._from}"  # noqa: S608  # fragments of ours
                f" WHERE customer.id > %s AND customer.id <= %s AND {self._where}"
                f" ORDER BY customer.id {order} LIMIT %s",
                [after, until, *self._parameters, limit],
            )
            return [row[0] for row in cursor.fetchall()]

    def _counted(self) -> int | None:
        try:
            with _settings(statement_timeout=str(COUNT_MS)) as cursor:
                cursor.execute(
                    f"SELECT count(*) FROM {self._from} WHERE {self._where}",  # noqa: S608
                    self._parameters,
                )
                return int(cursor.fetchone()[0])
        except OperationalError as error:
            if isinstance(error.__cause__, errors.QueryCanceled):
                return None
            raise

    def _estimated(self) -> Headcount:
        """From ids picked by chance, always the same: whole pages would hold people who joined
        together, and are alike."""
        last = _last_id()
        picked = min(SAMPLE_ROWS, last)
        ids = Random(_SEED).sample(range(1, last + 1), picked)  # noqa: S311  # keeps no secret
        # A few thousand rows are looked up one by one: hashing a million others takes longer.
        with _settings(enable_hashjoin="off", enable_mergejoin="off") as cursor:
            cursor.execute(
                f"SELECT count(*) FROM {self._from}"  # noqa: S608  # fragments of ours
                f" WHERE customer.id = ANY (%s::bigint[]) AND {self._where}",
                [sorted(ids), *self._parameters],
            )
            fitting = cursor.fetchone()[0]
        return Headcount(fitting * last // max(1, picked), is_exact=False)


@contextmanager
def _settings(**values: str) -> Iterator[CursorWrapper]:
    """A cursor for whose statements these settings hold, and no longer."""
    with transaction.atomic(), connection.cursor() as cursor:
        usual = {}
        for name, value in values.items():
            cursor.execute(
                "SELECT current_setting(%s), set_config(%s, %s, true)", [name, name, value]
            )
            usual[name] = cursor.fetchone()[0]
        yield cursor
        for name, value in usual.items():  # the transaction may go on around us
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


def _last_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM customers_customer")
        return int(cursor.fetchone()[0])
