"""The made-up chain as it stands before its first day of use: stores, members, goods, campaigns."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kaquan.budgets.actions import open_budget
from kaquan.campaigns.actions import add_batch
from kaquan.campaigns.queries import campaign_by_code
from kaquan.customers.imports import CUSTOMERS
from kaquan.foundation import clock
from kaquan.foundation.actor import system_actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports import Progress
from kaquan.offers.imports import PRODUCTS as PRODUCTS_PLAN
from kaquan.organisations.imports import STORES as STORES_PLAN
from kaquan.organisations.queries import organisation_by_code
from kaquan.surfaces.demo import setting_up
from kaquan.surfaces.demo.chain_goods import product_rows
from kaquan.surfaces.demo.chain_offers import LONG_DAYS, Funders, Plan, plans
from kaquan.surfaces.demo.chain_people import member_rows
from kaquan.surfaces.demo.chain_places import Place, places

ACTOR = system_actor("demo")
BRAND = "晴禾"
ZONE = ZoneInfo("Asia/Shanghai")
WEEKS = 6
SEED = 20_260_901
GOVERNMENT_PROVINCE = "浙江"


class OpenPlan(NamedTuple):
    """A campaign's plan, and the batch that it became."""

    plan: Plan
    batch_id: int


class Chain(NamedTuple):
    """The chain, ready to be used."""

    first_day: date
    stores: list[Place]
    plans: dict[str, OpenPlan]

    def moment(self, day: int, minute: int) -> datetime:
        """A minute of a day, both counted from 0, in the chain's zone."""
        midnight = datetime.combine(self.first_day + timedelta(days=day), time(), ZONE)
        return midnight + timedelta(minutes=minute)


def set_up(progress: Progress) -> Chain:
    """The chain with all that belongs to it; what is missing is made."""
    stores = list(places(BRAND))
    setting_up.bring_in(
        STORES_PLAN, [place._asdict() for place in stores], actor=ACTOR, progress=progress
    )
    setting_up.bring_in(PRODUCTS_PLAN, product_rows(), actor=ACTOR, progress=progress)
    members = member_rows([place.code for place in stores], Random(SEED))  # noqa: S311 - made up
    setting_up.bring_in(CUSTOMERS, members, actor=ACTOR, progress=progress)
    first_day = _first_day()
    at = datetime.combine(first_day, time(), ZONE)
    funders = Funders(
        government=_funder("QH-GOV", "市商务主管部门（演示）"),
        platform=_funder("QH-PLATFORM", "本地生活平台（演示）"),
        brand=_funder("QH-BRAND", "咖啡品牌方（演示）"),
    )
    made = {
        plan.code: OpenPlan(plan, _batch_id(plan, at, funders))
        for plan in plans(first_day, funders, area_id(_government_store(stores), 2))
    }
    return Chain(first_day, [place for place in stores if place.status == "open"], made)


def _first_day() -> date:
    """The day from which the first campaign runs, or where there is none, some weeks ago."""
    try:
        first = campaign_by_code(ACTOR, "QH01")
    except KaquanError as error:
        if error.code != "campaign_unknown":
            raise
        return (clock.now().astimezone(ZONE) - timedelta(weeks=WEEKS)).date()
    return first.starts_at.astimezone(ZONE).date()


def _funder(code: str, name: str) -> int:
    return setting_up.funder(ACTOR, code=code, name=name)


def _government_store(stores: list[Place]) -> str:
    return next(place.code for place in stores if place.province == GOVERNMENT_PROVINCE)


def area_id(store_code: str, level: int) -> int:
    """An organisation above a store: level 1 is its region, 2 its province, 3 its city."""
    path = organisation_by_code(ACTOR, store_code).path
    return int(path.split(".")[level])


def _batch_id(plan: Plan, at: datetime, funders: Funders) -> int:
    campaign = setting_up.campaign(
        ACTOR,
        code=plan.code,
        name=plan.name,
        kind=plan.kind,
        goal=plan.goal,
        starts_at=at,
        ends_at=at + timedelta(days=min(plan.last_issue_day, LONG_DAYS) + 2),
    )
    version = setting_up.offer(ACTOR, code=plan.code, name=plan.name, terms=plan.terms, at=at)
    budget_id = None
    if plan.budget_fen:
        budget_id = open_budget(
            actor=ACTOR,
            code=plan.code,
            name=f"{plan.name}预算",
            total_fen=plan.budget_fen,
            funder_id=funders.government if plan.kind == "政府消费券" else None,
            at=at,
        ).id
    by_code = plan.issue in ("card", "paper")
    return add_batch(
        actor=ACTOR,
        campaign_id=campaign.id,
        name=plan.name,
        version_id=version.id,
        quantity=plan.quantity,
        budget_id=budget_id,
        by_code=by_code,
        active=not by_code,
        at=at,
    ).id
