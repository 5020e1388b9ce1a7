"""An issuer for tests: people who act, a tree of stores, offers, tables; all made by actions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from kaquan.foundation.actor import EVERY_PERMISSION, Actor, ActorKind, system_actor
from kaquan.foundation.imports import ImportPlan, ImportReport, run_import
from kaquan.offers.actions import create_offer
from kaquan.offers.models import OfferVersion
from kaquan.organisations.actions import create_organisation, create_store
from kaquan.organisations.models import Organisation, OrganisationKind, Store

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
SYSTEM = system_actor("tests")
TERMS: dict[str, Any] = {
    "benefit": {"kind": "amount_off", "amount_fen": 2_000},
    "validity": {
        "range": {"kind": "fixed_range", "first_day": "2026-01-01", "last_day": "2026-12-31"}
    },
}

_numbers = count(1)


def a_number(prefix: str) -> str:
    """A code that no other test has."""
    return f"{prefix}{next(_numbers)}"


def staff_of(organisation: Organisation | None, *permissions: str) -> Actor:
    """Someone of this part of the tree; without permissions named, they hold all."""
    return Actor(
        kind=ActorKind.STAFF,
        id="staff:1",
        name="小王",
        permissions=frozenset(permissions or {EVERY_PERMISSION}),
        organisation_path=organisation.path if organisation else "",
    )


def an_organisation(
    name: str,
    parent: Organisation | None,
    kind: OrganisationKind = OrganisationKind.REGION,
    code: str | None = None,
) -> Organisation:
    """A node of the tree."""
    return create_organisation(
        actor=SYSTEM,
        kind=kind,
        code=code or a_number("org-"),
        name=name,
        parent_id=parent.id if parent else None,
    )


def a_store(parent: Organisation, code: str | None = None) -> Store:
    """A store below a node."""
    code = code or a_number("S")
    return create_store(actor=SYSTEM, code=code, name=f"门店 {code}", parent_id=parent.id)


def a_version(terms: Mapping[str, Any] = TERMS) -> OfferVersion:
    """The first version of a new offer."""
    code = a_number("offer-")
    return create_offer(actor=SYSTEM, code=code, name="满减券", terms=dict(terms), at=NOON)


def import_rows(
    plan: ImportPlan, rows: Iterable[Mapping[str, object]], *, actor: Actor = SYSTEM
) -> ImportReport:
    """Import rows for good and insist that all were taken."""
    report = run_import(plan, rows, actor=actor, commit=True)
    assert report.broken == 0, report.problems
    return report


def write_csv(path: Path, rows: Sequence[Sequence[object]], *, encoding: str = "utf-8") -> Path:
    """A file with these rows as they are: no quoting, no escaping."""
    text = "".join(",".join(map(str, row)) + "\n" for row in rows)
    path.write_bytes(text.encode(encoding))
    return path
