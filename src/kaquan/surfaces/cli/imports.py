"""``kaquan import``: tables in, a dry run first."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kaquan.foundation.imports import ImportPlan, run_import
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.import_reports import finish_import
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.output import Json
from kaquan.surfaces.cli.progress import ProgressBar


class Kind(StrEnum):
    """What can be brought in."""

    STORES = "stores"
    ORGANISATIONS = "organisations"
    CUSTOMERS = "customers"
    PRODUCTS = "products"
    ORDERS = "orders"
    REDEMPTIONS = "redemptions"
    SLIPS = "slips"


def import_table(
    kind: Annotated[
        Kind,
        typer.Argument(help="门店、组织、客户、商品、订单、历史核销、券联 · what the table holds"),
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV | XLSX")],
    *,
    commit: values.Commit = False,
    errors: values.ErrorsFile = None,
    as_: values.As = None,
    json: Json = False,
) -> int:
    """导入表格：先试算，--commit 才写入；坏行不影响其他行 · Import a table; a dry run first."""
    with open_installation(), ProgressBar() as bar:
        done = run_import(
            _plan(kind),
            file,
            actor=values.acting(as_),
            commit=commit,
            errors_path=errors,
            progress=bar.step,
        )
    return finish_import(done, json=json)


def _plan(kind: Kind) -> ImportPlan:
    match kind:
        case Kind.STORES:
            from kaquan.organisations.imports import STORES as PLAN
        case Kind.ORGANISATIONS:
            from kaquan.organisations.imports_organisations import ORGANISATIONS as PLAN
        case Kind.CUSTOMERS:
            from kaquan.customers.imports import CUSTOMERS as PLAN
        case Kind.PRODUCTS:
            from kaquan.offers.imports import PRODUCTS as PLAN
        case Kind.ORDERS:
            from kaquan.redemption.imports_orders import ORDERS as PLAN
        case Kind.REDEMPTIONS:
            from kaquan.redemption.imports_redemptions import REDEMPTIONS as PLAN
        case Kind.SLIPS:
            from kaquan.registration.imports import SLIPS as PLAN
    return PLAN
