"""How to ask for each screen: for each name of an address, an object of one side.

A new screen about one thing needs a line in ``KEYS`` and ``MISSING``, a new list one in ``LISTED``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from kaquan.surfaces.console.kit.details import ActionScreen
from kaquan.surfaces.console.screens import SCREENS
from tests.api.trade import MISSING_SERIAL
from tests.api.world import Side
from tests.console.people import at

Name = Callable[[Side], Any]

KEYS: dict[str, Name] = {
    "campaign": lambda side: side.trade.campaign.id,
    "campaign-edit": lambda side: side.trade.campaign.id,
    "batch-new": lambda side: side.trade.campaign.id,
    "batch": lambda side: side.trade.by_code.id,
    "batch-mint": lambda side: side.trade.by_code.id,
    "offer": lambda side: side.trade.version.offer_id,
    "voucher": lambda side: side.trade.serial,
    "customer": lambda side: side.customer.id,
    "store": lambda side: side.store.pk,
    "store-edit": lambda side: side.store.pk,
    "key": lambda side: side.key.caller.key_id,
    "webhook": lambda side: side.webhook.id,
    "job": lambda side: side.job.id,
    "job-file": lambda side: side.job.id,
}
_NO_JOB = UUID("00000000-0000-4000-8000-000000000000")
MISSING: dict[str, Any] = dict.fromkeys(KEYS, 2_000_000_009) | {
    "voucher": MISSING_SERIAL,
    "job": _NO_JOB,
    "job-file": _NO_JOB,
}
#: For each list a text that stands in it because of an object of a side.
LISTED: dict[str, Name] = {
    "campaigns": lambda side: side.trade.campaign.code,
    "batches": lambda side: f">{side.trade.by_code.name}<",
    "offers": lambda side: f'/offers/{side.trade.version.offer_id}/"',
    "redemptions": lambda side: f">{side.trade.redemption}<",
    "customers": lambda side: f">{side.customer.number}<",
    "stores": lambda side: f">{side.store.organisation.code}<",
    "budgets": lambda side: f">{side.trade.budget.code}<",
    "keys": lambda side: f'/keys/{side.key.caller.key_id}/"',
    "webhooks": lambda side: f'/webhooks/{side.webhook.id}/"',
    "jobs": lambda side: str(side.job.id),
    "changes": lambda side: f">{side.store.organisation.name}\n",
}


def addresses(side: Side, *, by_key: bool = False) -> Iterator[tuple[str, str]]:
    """Every address that may be read; ``by_key``: only those about one thing."""
    yield from _addresses(lambda name: KEYS[name](side), by_key=by_key)


def missing_addresses(side: Side) -> Iterator[tuple[str, str]]:
    """Those about one thing, each about one that does not exist."""
    del side
    yield from _addresses(lambda name: MISSING[name], by_key=True)


def _addresses(key_of: Callable[[str], Any], *, by_key: bool) -> Iterator[tuple[str, str]]:
    for screen in SCREENS:
        name = screen.name
        if isinstance(screen, ActionScreen):
            detail = screen.detail
            for action in detail.actions:
                address = at(name, key=key_of(detail.name), action=action.name)
                yield f"{name}:{action.name}", address
        elif "<slug" in screen.path or name == "acting-in":
            continue
        elif "<" in screen.path:
            key = key_of(name)
            for tab in getattr(screen, "tabs", ()):
                yield f"{name}:{tab.name}", f"{at(name, key=key)}?tab={tab.name}"
            if not hasattr(screen, "tabs"):
                yield name, at(name, key=key)
        elif not by_key:
            yield name, at(name)
