"""What others may know of the organisation tree, each within the actor's part of it."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeVar

from django.db.models import Model, QuerySet

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.organisations.errors import organisation_unknown
from kaquan.organisations.models import Organisation, Store

LIST_MAX = 500
FACTS_AGE_S_MAX = 1.0

Row = TypeVar("Row", bound=Model)


def within(actor: Actor, rows: QuerySet[Row], organisation: str) -> QuerySet[Row]:
    """The rows whose organisation (a lookup such as "store__organisation", "" for the row itself)
    lies in the actor's part of the tree; rows without one are for the whole tree's actors."""
    if not actor.organisation_path:
        return rows
    lookup = f"{organisation}__path__startswith" if organisation else "path__startswith"
    return rows.filter(**{lookup: actor.organisation_path})


def own_organisation_id(actor: Actor) -> int | None:
    """The node that the actor's part of the tree begins with; None for the whole tree."""
    own = actor.organisation_path.rstrip(".").rpartition(".")[2]
    return int(own) if own else None


def organisation_by_id(actor: Actor, organisation_id: int) -> Organisation:
    """The node; raises `organisation_unknown`."""
    return _only(
        within(actor, Organisation.objects.filter(id=organisation_id), ""), organisation_id
    )


def organisation_by_code(actor: Actor, code: str) -> Organisation:
    """The node; raises `organisation_unknown`."""
    return _only(within(actor, Organisation.objects.filter(code=code), ""), code)


def organisation_names(actor: Actor, organisation_ids: Collection[int]) -> dict[int, str]:
    """Names by id; unknown ids are left out."""
    rows = within(actor, Organisation.objects.filter(id__in=organisation_ids), "")
    return dict(rows.values_list("id", "name"))


def children(
    actor: Actor, parent_id: int | None, *, after_code: str = "", limit: int = LIST_MAX
) -> Sequence[Organisation]:
    """The nodes right below one, or the roots, in the order of their codes; the next page begins
    after the last one's code."""
    rows = within(actor, Organisation.objects.filter(parent=parent_id, code__gt=after_code), "")
    return list(rows.order_by("code")[: min(limit, LIST_MAX)])


def stores(
    actor: Actor, *, under_path: str = "", after_code: str = "", limit: int = LIST_MAX
) -> Sequence[Store]:
    """The stores below a node with their nodes, in the order of their codes."""
    rows = Store.objects.select_related("organisation").filter(
        organisation__path__startswith=under_path, organisation__code__gt=after_code
    )
    rows = within(actor, rows, "organisation")
    return list(rows.order_by("organisation__code")[: min(limit, LIST_MAX)])


def store_ids(actor: Actor, codes: Collection[str]) -> dict[str, int]:
    """The ids of stores by their codes; those that are not there are left out."""
    rows = within(actor, Store.objects.filter(organisation__code__in=codes), "organisation")
    return dict(rows.values_list("organisation__code", "organisation_id"))


class StoreFacts(NamedTuple):
    """What a command needs to know of a store; `store_path` runs from the root to the store."""

    store_id: int
    store_path: tuple[int, ...]


class StoreFactsCache:
    """Stores as they were at most `FACTS_AGE_S_MAX` ago; safe for threads."""

    def __init__(self, monotonic_s: Callable[[], float] = clock.monotonic_s) -> None:
        self._monotonic_s = monotonic_s
        self._known: dict[int, tuple[float, StoreFacts]] = {}

    def get(self, store_ids: Collection[int]) -> dict[int, StoreFacts]:
        """The facts of each store, in one query at most; unknown ids are left out."""
        now_s = self._monotonic_s()
        found = {}
        stale = []
        for store_id in store_ids:
            loaded_s, facts = self._known.get(store_id, (float("-inf"), None))
            if facts is not None and now_s - loaded_s < FACTS_AGE_S_MAX:
                found[store_id] = facts
            else:
                stale.append(store_id)
        if stale:
            rows = Store.objects.filter(organisation_id__in=stale).values_list(
                "organisation_id", "organisation__path"
            )
            for store_id, path in rows:
                store_path = tuple(map(int, path.split(".")[:-1]))
                facts = StoreFacts(store_id, store_path)
                self._known[store_id] = (now_s, facts)
                found[store_id] = facts
        return found


_store_facts = StoreFactsCache()


def store_facts(store_id: int) -> StoreFacts | None:
    """The facts of one store for a command, at most a second old; for the system, not scoped."""
    return _store_facts.get([store_id]).get(store_id)


def stores_facts(store_ids: Collection[int]) -> dict[int, StoreFacts]:
    """The facts of several stores at once; unknown ids are left out."""
    return _store_facts.get(store_ids)


def _only(rows: QuerySet[Organisation], wanted: int | str) -> Organisation:
    organisation = rows.first()
    if organisation is None:
        raise organisation_unknown(wanted)
    return organisation
