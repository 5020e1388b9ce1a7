"""What commands need to know of stores and terminals, for the system: nothing here is scoped.

The rows are read here and nowhere else. Who reads them for many requests a second remembers them
for at most `FACTS_AGE_S_MAX`: by id here, by code and for callers that may not wait in
`redemption.facts_cache`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from kaquan.foundation import clock
from kaquan.organisations.models import Store, StoreStatus, Terminal

FACTS_AGE_S_MAX = 1.0


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """A store; `store_path` runs from the root to the store, `path` is the same as text."""

    store_id: int
    store_path: tuple[int, ...]
    path: str
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """A terminal and its store; `path` is the store's, as text."""

    terminal_id: int
    store_id: int
    path: str
    kind: str
    is_active: bool = True


def stores_by_code(codes: Collection[str]) -> dict[str, StoreFacts]:
    """Stores as they are now, in one query; unknown codes are left out."""
    rows = Store.objects.filter(organisation__code__in=codes)
    return {
        code: _store(*row) for code, *row in rows.values_list("organisation__code", *_STORE_COLUMNS)
    }


def terminals_by_code(codes: Collection[str]) -> dict[str, TerminalFacts]:
    """Terminals as they are now, in one query; unknown codes are left out."""
    rows = Terminal.objects.filter(code__in=codes).values_list(
        "code", "id", "store_id", "store__organisation__path", "kind", "active"
    )
    return {
        code: TerminalFacts(id_, store_id, path, kind, active)
        for code, id_, store_id, path, kind, active in rows
    }


_STORE_COLUMNS = ("organisation_id", "organisation__path", "status")


def _store(store_id: int, path: str, status: str) -> StoreFacts:
    store_path = tuple(map(int, path.split(".")[:-1]))
    return StoreFacts(store_id, store_path, path, status == StoreStatus.OPEN)


def _stores_by_id(store_ids: Iterable[int]) -> list[StoreFacts]:
    rows = Store.objects.filter(organisation_id__in=list(store_ids))
    return [_store(*row) for row in rows.values_list(*_STORE_COLUMNS)]


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
            for facts in _stores_by_id(stale):
                self._known[facts.store_id] = (now_s, facts)
                found[facts.store_id] = facts
        return found


_store_facts = StoreFactsCache()


def store_facts(store_id: int) -> StoreFacts | None:
    """The facts of one store for a command, at most a second old."""
    return _store_facts.get([store_id]).get(store_id)


def stores_facts(store_ids: Collection[int]) -> dict[int, StoreFacts]:
    """The facts of several stores at once; unknown ids are left out."""
    return _store_facts.get(store_ids)
