"""Events as others see them: with the codes of stores and the numbers of customers, and the parts
of the organisation that may know of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cached_property

import msgspec
from msgspec import Struct

from kaquan.budgets.models import Budget
from kaquan.campaigns.models import CampaignBatch
from kaquan.customers.models import Customer
from kaquan.customers.queries import VIEW as CUSTOMERS_VIEW
from kaquan.engine.facts import Facts
from kaquan.engine.places import Place
from kaquan.foundation.actor import EVERY_PERMISSION, Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.integrations.errors import event_type_unknown
from kaquan.integrations.event_data import Data
from kaquan.integrations.event_types import DEFAULT_TYPES, EVENT_TYPES
from kaquan.integrations.events import Event, events_of, place_behind
from kaquan.ledger.causal import Connection, records_at
from kaquan.ledger.tail import BlockRecords
from kaquan.organisations.models import Organisation

_json = msgspec.json.Encoder()


class Told:
    """An event that may be told. ``paths``: the nodes of the tree whose parts it is of; none: only
    who sees the whole tree may know of it. Its document (JSON) is written when somebody first wants
    it, and is the same for all who may know as much."""

    def __init__(self, event: Event, surroundings: _Surroundings) -> None:
        self.event = event
        self._surroundings = surroundings

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Where in the tree it happened, and whose batch or budget it is about."""
        return self._surroundings.paths_of(self.event)

    @cached_property
    def body(self) -> bytes:
        """The document for those who may see customers."""
        return _json.encode(self._surroundings.document(self.event))

    @cached_property
    def anonymous_body(self) -> bytes:
        """The document for those who may not: without the customers' numbers."""
        if not (self.event.customer_id or self.event.from_customer_id):
            return self.body
        return without_customers(self.body)

    def body_for(self, selection: Selection) -> bytes:
        """The document for whoever reads a selection."""
        return self.body if selection.names_customers else self.anonymous_body


class Selection(Struct, frozen=True):
    """Which events someone wants and may have. An empty set of batches: any.

    ``organisation_path`` is that of a node, "" the whole issuer's. One of its events happened in
    one of its stores, or to what belongs to it: a campaign's batch, a budget.
    ``names_customers``: whether the reader may know whose voucher it is.
    """

    organisation_path: str
    types: frozenset[str] = DEFAULT_TYPES
    batch_ids: frozenset[int] = frozenset()
    names_customers: bool = False

    def takes(self, told: Told) -> bool:
        """Whether an event is among them."""
        event = told.event
        if event.type not in self.types:
            return False
        if self.batch_ids and event.batch_id not in self.batch_ids:
            return False
        return not self.organisation_path or any(
            path.startswith(self.organisation_path) for path in told.paths
        )


def may_name_customers(actor: Actor) -> bool:
    """Whether someone may know whose voucher it is."""
    return bool({CUSTOMERS_VIEW, EVERY_PERMISSION} & actor.permissions)


def without_customers(body: bytes) -> bytes:
    """A document with the customers' numbers left out."""
    document: Data = msgspec.json.decode(body)
    named = document.get("customer"), document["data"].pop("from_customer", None)
    if named == (None, None):
        return body
    return _json.encode(document | {"customer": None})


def known_types(names: Collection[str]) -> frozenset[str]:
    """Types that somebody named, all usual ones for nothing; raises ``value_invalid``."""
    for name in names:
        if name not in EVENT_TYPES:
            raise event_type_unknown(name)
    return frozenset(names) or DEFAULT_TYPES


def told_events(
    connection: Connection, blocks: Sequence[BlockRecords]
) -> list[tuple[BlockRecords, list[Told]]]:
    """The events of some blocks, block by block."""
    behind = facts_behind(connection, blocks)
    events = [list(events_of(block, behind)) for block in blocks]
    surroundings = _surroundings([event for some in events for event in some])
    return [
        (block, [Told(event, surroundings) for event in some])
        for block, some in zip(blocks, events, strict=True)
    ]


def facts_behind(connection: Connection, blocks: Iterable[BlockRecords]) -> dict[Place, Facts]:
    """For reversals, settled and released holds: the facts of the redemption or hold behind."""
    wanted = {place_behind(record) for block in blocks for record in block.records} - {None}
    found = records_at(connection, [place for place in wanted if place is not None])
    holds = {place: place_behind(record) for place, record in found.items()}
    found |= records_at(connection, [hold for hold in holds.values() if hold is not None])
    behind = {}
    for place, record in found.items():
        hold = holds.get(place)
        source = found.get(hold, record) if hold is not None else record
        facts: Facts | None = getattr(source.command, "facts", None)
        if facts is not None:
            behind[place] = facts
    return behind


class _Surroundings(Struct, frozen=True):
    """What some events name by id, as it is called now."""

    organisations: dict[int, tuple[str, str]]  # code, path
    batch_paths: dict[int, str]
    budget_paths: dict[int, str]
    customers: dict[int, str]

    def paths_of(self, event: Event) -> tuple[str, ...]:
        where = self.organisations.get(event.organisation_id)
        whose = self.batch_paths.get(event.batch_id) or self.budget_paths.get(event.budget_id)
        return tuple(path for path in (where and where[1], whose) if path)

    def document(self, event: Event) -> Data:
        where = self.organisations.get(event.organisation_id)
        return {
            "id": event.id,
            "type": event.type,
            "at": _local(event.at),
            "booked_at": _local(event.booked_at),
            "store": where[0] if where else None,
            "batch_id": event.batch_id or None,
            "budget_id": event.budget_id or None,
            "serial": event.serial or None,
            "version": event.version or None,
            "customer": self.customers.get(event.customer_id),
            "data": self._data(event),
        }

    def _data(self, event: Event) -> Data:
        data = {
            name: _local(value) if isinstance(value, datetime) else value
            for name, value in event.data.items()
        }
        if event.from_customer_id:
            data["from_customer"] = self.customers.get(event.from_customer_id)
        return data


def _surroundings(events: Sequence[Event]) -> _Surroundings:
    organisations = Organisation.objects.filter(id__in=_ids(e.organisation_id for e in events))
    batches = CampaignBatch.objects.filter(
        id__in=_ids(e.batch_id for e in events), campaign__organisation__isnull=False
    )
    budgets = Budget.objects.filter(
        id__in=_ids(e.budget_id for e in events), organisation__isnull=False
    )
    people = _ids(e.customer_id for e in events) | _ids(e.from_customer_id for e in events)
    return _Surroundings(
        {id_: (code, path) for id_, code, path in organisations.values_list("id", "code", "path")},
        dict(batches.values_list("id", "campaign__organisation__path")),
        dict(budgets.values_list("id", "organisation__path")),
        dict(Customer.objects.filter(id__in=people).values_list("id", "number")),
    )


def _ids(numbers: Iterable[int]) -> set[int]:
    return set(numbers) - {0}


def encoded_document(*, id_: str, type_: str, at: datetime, data: Data | None = None) -> bytes:
    """A document that comes from no block, such as a test's."""
    moment = _local(at)
    return _json.encode(
        {"id": id_, "type": type_, "at": moment, "booked_at": moment, "data": data or {}}
    )


def _local(moment: datetime) -> datetime:
    return moment.astimezone(current_configuration().time_zone)
