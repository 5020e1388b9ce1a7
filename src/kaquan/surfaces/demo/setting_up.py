"""What both demonstrations set up: each thing is found by its code, or made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from kaquan.budgets.actions import create_funder
from kaquan.budgets.queries import funder_names
from kaquan.campaigns.actions import create_campaign
from kaquan.campaigns.models import Campaign
from kaquan.campaigns.queries import campaign_by_code
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.rules.terms import Terms
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.imports import (
    ImportPlan,
    ImportReport,
    Progress,
    Source,
    no_progress,
    run_import,
)
from kaquan.offers.actions import create_offer
from kaquan.offers.models import OfferVersion
from kaquan.offers.queries import newest_version

T = TypeVar("T")


def found_or_made(find: Callable[[], T], make: Callable[[], T], *, unknown: str) -> T:
    """What ``find`` gives, or where it raises ``unknown``, what ``make`` gives."""
    try:
        return find()
    except KaquanError as error:
        if error.code != unknown:
            raise
        return make()


def campaign(
    actor: Actor,
    *,
    code: str,
    name: str,
    kind: str,
    starts_at: datetime,
    ends_at: datetime,
    goal: str = "",
    organisation_id: int | None = None,
) -> Campaign:
    """The campaign with this code."""
    return found_or_made(
        lambda: campaign_by_code(actor, code),
        lambda: create_campaign(
            actor=actor,
            code=code,
            name=name,
            kind=kind,
            starts_at=starts_at,
            ends_at=ends_at,
            goal=goal,
            organisation_id=organisation_id,
        ),
        unknown="campaign_unknown",
    )


def offer(
    actor: Actor,
    *,
    code: str,
    name: str,
    terms: Terms,
    at: datetime,
    organisation_id: int | None = None,
) -> OfferVersion:
    """The newest version of the offer with this code."""
    return found_or_made(
        lambda: newest_version(actor, code),
        lambda: create_offer(
            actor=actor, code=code, name=name, terms=terms, at=at, organisation_id=organisation_id
        ),
        unknown="offer_unknown",
    )


def funder(actor: Actor, *, code: str, name: str) -> int:
    """The id of the funder with this name."""
    ids = {known: funder_id for funder_id, known in funder_names().items()}
    return ids.get(name) or create_funder(actor=actor, code=code, name=name).id


def answered(outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes, all of them decided; raises `demo_interrupted` where the ledger gave none."""
    if any(one.code in (OutcomeCode.BUSY, OutcomeCode.UNAVAILABLE) for one in outcomes):
        raise KaquanError(
            "demo_interrupted",
            zh="数据库无法访问，已中断；恢复后再运行一次即可从断点继续。",
            en="The database is out of reach. Run it again later; it goes on from here.",
            exit_code=ExitCode.UNAVAILABLE,
        )
    return outcomes


def bring_in(
    plan: ImportPlan, source: Source, *, actor: Actor, progress: Progress = no_progress
) -> ImportReport:
    """Import rows for good; a demonstration's own rows are never broken."""
    report = run_import(plan, source, actor=actor, commit=True, progress=progress)
    if report.broken:
        problem = report.problems[0]
        raise KaquanError(
            "demo_data_broken",
            zh=f"演示数据（{plan.zh}）第 {problem.row_number} 行无法导入：{problem.reason.zh}。",
            en=f"Row {problem.row_number} of the demo data ({plan.en}) was refused: "
            f"{problem.reason.en}.",
        )
    return report
