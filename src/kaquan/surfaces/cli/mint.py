"""``kaquan mint``: vouchers come into being."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer
from rich.console import Console

from kaquan.engine.commands import RequestKey
from kaquan.engine.money import format_yuan
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.output import Json, plain, show

if TYPE_CHECKING:
    from kaquan.campaigns.models import CampaignBatch

CAMPAIGN_DAYS = 365
TERMS_BYTES_MAX = 1_000_000

TermsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="以此条款（JSON）新建批次 · open a campaign and batch under these terms",
    ),
]

FromStock = Annotated[
    bool,
    typer.Option("--from-stock", help="不印码，凭会员领取 · without codes, claimed by customers"),
]
Elsewhere = Annotated[
    bool,
    typer.Option(
        "--elsewhere",
        help="不在中国大陆，不检查其预付卡法规 · not in mainland China, whose law on prepaid cards "
        "is not checked",
    ),
]


def mint(
    quantity: Annotated[
        int, typer.Argument(parser=values.quantity, metavar="QUANTITY", help="多少张 · how many")
    ],
    *,
    batch: Annotated[
        int | None,
        typer.Option(
            parser=values.positive_id,
            metavar="BATCH",
            help="增加到已有的批次 · add to this batch",
        ),
    ] = None,
    terms: TermsFile = None,
    name: Annotated[str, typer.Option(help="新批次的名称 · the new batch's name")] = "",
    budget: Annotated[
        int | None,
        typer.Option(
            parser=values.yuan, metavar="YUAN", help="新批次的预算（元）· the new batch's budget"
        ),
    ] = None,
    from_stock: FromStock = False,
    elsewhere: Elsewhere = False,
    request_key: values.Key = None,
    as_: values.As = None,
    json: Json = False,
) -> None:
    """制券：向批次加券，或按条款新建批次 · Add vouchers to a batch, or open one under new terms."""
    if (batch is None) == (terms is None):
        raise typer.BadParameter("--batch 与 --terms 必须且只能用一种 · either --batch or --terms")
    actor, key = values.acting(as_), request_key or uuid4().hex
    with open_installation():
        if batch is not None:
            from kaquan.campaigns.queries import batch_by_id
            from kaquan.campaigns.supply import mint as mint_more

            mint_more(
                actor=actor,
                batch_id=batch,
                quantity=quantity,
                at=clock.now(),
                request_key=RequestKey(INTERNAL_CLIENT, f"batch:{batch}:{key}"),
            )
            made = batch_by_id(actor, batch)
        else:
            assert terms is not None
            made = _open_batch(
                actor,
                _read_terms(terms),
                name,
                quantity,
                budget_fen=budget,
                by_code=not from_stock,
                elsewhere=elsewhere,
                key=key,
            )
        _show_batch(made, quantity, budget, json=json)


def _open_batch(
    actor: Actor,
    terms: bytes,
    name: str,
    quantity: int,
    *,
    budget_fen: int | None,
    by_code: bool,
    elsewhere: bool,
    key: str,
) -> CampaignBatch:
    """A campaign, offer, budget and batch of one name."""
    from kaquan.budgets.actions import open_budget
    from kaquan.campaigns.actions import add_batch, create_campaign
    from kaquan.campaigns.models import Jurisdiction
    from kaquan.offers.actions import create_offer

    at = clock.now()
    code = f"CLI-{key[:12]}"
    title = name or code
    version = create_offer(actor=actor, code=code, name=title, terms=terms, at=at)
    campaign = create_campaign(
        actor=actor,
        code=code,
        name=title,
        kind="CLI",
        starts_at=at,
        ends_at=at + timedelta(days=CAMPAIGN_DAYS),
        jurisdiction=Jurisdiction.ELSEWHERE if elsewhere else Jurisdiction.MAINLAND,
    )
    budget = None
    if budget_fen is not None:
        budget = open_budget(actor=actor, code=code, name=title, total_fen=budget_fen, at=at)
    return add_batch(
        actor=actor,
        campaign_id=campaign.id,
        name=title,
        version_id=version.id,
        quantity=quantity,
        at=at,
        budget_id=budget.id if budget else None,
        by_code=by_code,
    )


def _read_terms(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(TERMS_BYTES_MAX)
    except OSError as error:
        raise KaquanError(
            "file_unreadable",
            zh=f"无法读取 {path}：{error.strerror}。",
            en=f"{path} cannot be read: {error.strerror}.",
            exit_code=ExitCode.USAGE,
        ) from None


def _show_batch(batch: CampaignBatch, quantity: int, budget_fen: int | None, *, json: bool) -> None:
    def people(console: Console) -> None:
        console.print(f"✓ 已制 {quantity:,} 张 · {quantity:,} vouchers minted", style="green")
        console.print(f"  批次 batch {batch.id}: {plain(batch.name)}")
        if budget_fen is not None:
            console.print(f"  预算 budget {format_yuan(budget_fen)}")
        if batch.by_code:
            console.print(f"  导出券码 export its codes: kaquan codes export {batch.id} codes.csv")

    value = {
        "batch_id": batch.id,
        "batch_name": batch.name,
        "campaign_id": batch.campaign_id,
        "minted": quantity,
        "by_code": batch.by_code,
    }
    show(value, json=json, people=people)
