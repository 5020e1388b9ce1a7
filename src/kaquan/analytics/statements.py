"""A day's statement on a page: the lines of its file, and what proves that it is that file.

The page reads the very bytes that the reconciliation file of that day, store and funder has, so
both say the same, today and in a year.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from io import BytesIO, StringIO
from zoneinfo import ZoneInfo

from msgspec import Struct

from kaquan.analytics.reconciliation import (
    FORMULA_STARTS,
    Ask,
    Manifest,
    write_reconciliation,
)
from kaquan.budgets.models import Funder
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import within

LINES_SHOWN = 200


class StatementLine(Struct, frozen=True):
    """What one store's uses and refunds of a day come to for one funder."""

    store_code: str
    store: str
    funder_code: str
    funder: str
    uses: int
    uses_fen: int
    refunds: int
    refunds_fen: int

    @property
    def net_fen(self) -> int:
        """What the store is owed for the day."""
        return self.uses_fen - self.refunds_fen


class Statement(Struct, frozen=True):
    """The first lines of a day, how many there are in all, and the manifest of the whole file."""

    lines: list[StatementLine]
    lines_in_all: int
    manifest: Manifest


def day_statement(actor: Actor, ask: Ask, zone: ZoneInfo) -> Statement:
    """The summary of a day; raises what `write_reconciliation` raises."""
    file = BytesIO()
    summary = Ask(
        day=ask.day, detail="summary", store_code=ask.store_code, funder_code=ask.funder_code
    )
    manifest = write_reconciliation(file, actor=actor, ask=summary, zone=zone)
    rows = [
        {**row, "store": _as_code(row["store"]), "funder": _as_code(row["funder"])}
        for row in csv.DictReader(StringIO(file.getvalue().decode(), newline=""))
        if row["kind"] == "settlement"
    ]
    shown = rows[:LINES_SHOWN]
    stores = _store_names(actor, {row["store"] for row in shown})
    funders = _funder_names({row["funder"] for row in shown})
    lines = [
        StatementLine(
            store_code=row["store"],
            store=stores.get(row["store"], ""),
            funder_code=row["funder"],
            funder=funders.get(row["funder"], ""),
            uses=int(row["uses"]),
            uses_fen=int(row["uses_fen"]),
            refunds=int(row["refunds"]),
            refunds_fen=int(row["refunds_fen"]),
        )
        for row in shown
    ]
    return Statement(lines, len(rows), manifest)


def yesterday(zone: ZoneInfo) -> date:
    """The last day that is over in the issuer's zone."""
    return clock.now().astimezone(zone).date() - timedelta(days=1)


def _as_code(cell: str) -> str:
    """A code without what the file puts before it so that no spreadsheet takes it for a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS) else cell


def _store_names(actor: Actor, codes: set[str]) -> dict[str, str]:
    rows = within(actor, Organisation.objects.filter(code__in=codes), "")
    return dict(rows.values_list("code", "name"))


def _funder_names(codes: set[str]) -> dict[str, str]:
    return dict(Funder.objects.filter(code__in=codes).values_list("code", "name"))
