"""A draft as a whole: what would be made of it, what is still to be mended, what it may cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from kaquan.budgets.errors import budget_unknown
from kaquan.budgets.models import Budget
from kaquan.budgets.queries import amounts_of, budget_by_id, funder_names
from kaquan.campaigns.draft_fields import STEP_OF
from kaquan.campaigns.draft_laws import (
    JURISDICTIONS,
    MAINLAND,
    law_faults,
    law_warnings,
)
from kaquan.campaigns.draft_reading import Content, FieldFault, Reader
from kaquan.campaigns.draft_terms import field_of_path, raw_terms
from kaquan.engine.fields import QUANTITY_MAX
from kaquan.engine.money import format_yuan
from kaquan.engine.rules.funding import compile_funding
from kaquan.engine.rules.terms import FixedRange, Terms
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.offers.faces import COLOURS, Face
from kaquan.offers.queries import check_terms
from kaquan.organisations.queries import organisation_by_id

ISSUER = 0
"""The funder id of the issuer itself."""


class Basics(NamedTuple):
    """What a campaign itself needs."""

    code: str
    name: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    goal: str
    organisation_id: int | None
    jurisdiction: str


class Supply(NamedTuple):
    """The batch."""

    name: str
    quantity: int
    by_code: bool


class DraftPlan(NamedTuple):
    """What a draft says; each part is None as long as something of it is to be mended."""

    basics: Basics | None
    face: Face | None
    terms: Terms | None
    supply: Supply | None
    budget: Budget | None
    faults: Sequence[FieldFault]
    warnings: Sequence[FieldFault]
    jurisdiction: str

    @property
    def quantity(self) -> int | None:
        """How many vouchers."""
        return None if self.supply is None else self.supply.quantity

    @property
    def voucher_cost_fen(self) -> int | None:
        """The most that one voucher can cost; None where nothing bounds it or it is not said."""
        return None if self.terms is None else self.terms.maximum_cost_fen()

    @property
    def worst_cost_fen(self) -> int | None:
        """The most that all of it can cost; None as long as that cannot be said."""
        cost_fen, quantity = self.voucher_cost_fen, self.quantity
        return None if cost_fen is None or quantity is None else cost_fen * quantity

    def faults_of(self, step: str) -> list[FieldFault]:
        """What is to be mended in a step."""
        return [one for one in self.faults if STEP_OF.get(one.field) == step]


class FunderCost(NamedTuple):
    """What one voucher can cost somebody at most."""

    funder_id: int
    name: str
    cost_fen: int


def plan_of(actor: Actor, content: Content) -> DraftPlan:
    """Read a draft. It never raises: what cannot be read stands in the faults."""
    reader = Reader(content)
    jurisdiction = reader.choice("jurisdiction", JURISDICTIONS, MAINLAND)
    basics = _basics(actor, reader, jurisdiction)
    face = _face(reader)
    supply = _supply(reader, content)
    budget = _budget(actor, reader)
    warnings: list[FieldFault] = []
    terms = _terms(actor, reader, warnings)
    if terms is not None and jurisdiction == MAINLAND:
        for one in law_faults(terms, basics.ends_at if basics else None):
            reader.fault(*one)
        warnings += law_warnings(terms)
    plan = DraftPlan(basics, face, terms, supply, budget, reader.faults, warnings, jurisdiction)
    warnings += _unwise(plan)
    return plan


def funder_costs(terms: Terms) -> list[FunderCost]:
    """Who bears how much of the most that one voucher can cost."""
    most_fen = terms.maximum_cost_fen()
    if not most_fen:
        return []
    names = funder_names()
    shares = compile_funding(terms.funding)(most_fen, {})
    return [FunderCost(funder, names.get(funder, ""), cost_fen) for funder, cost_fen in shares]


def _basics(actor: Actor, reader: Reader, jurisdiction: str) -> Basics | None:
    before = len(reader.faults)
    code = reader.code("code", required=True)
    name = reader.words("name", 100, required=True)
    kind = reader.words("kind", 32, required=True)
    starts_at = reader.moment("starts_at", required=True)
    ends_at = reader.moment("ends_at", required=True)
    goal = reader.words("goal", 2_000)
    organisation_id = reader.number("organisation_id", 1, 2**31 - 1)
    if organisation_id is not None:
        try:
            organisation_by_id(actor, organisation_id)
        except KaquanError as error:
            reader.fault("organisation_id", error.zh.rstrip("。"), error.en.rstrip("."))
    if starts_at and ends_at and ends_at <= starts_at:
        reader.fault("ends_at", "结束时间必须晚于开始时间", "it must end after it starts")
    if len(reader.faults) > before or starts_at is None or ends_at is None:
        return None
    return Basics(code, name, kind, starts_at, ends_at, goal, organisation_id, jurisdiction)


def _face(reader: Reader) -> Face | None:
    before = len(reader.faults)
    given = {
        "title_zh": reader.words("title_zh", 40, required=True),
        "title_en": reader.words("title_en", 40),
        "brand": reader.words("brand", 40),
        "note_zh": reader.words("note_zh", 80),
        "note_en": reader.words("note_en", 80),
        "colour": reader.choice("colour", COLOURS, COLOURS[0]),
    }
    return None if len(reader.faults) > before else msgspec.convert(given, Face)


def _supply(reader: Reader, content: Content) -> Supply | None:
    before = len(reader.faults)
    name = reader.words("batch_name", 100) or content.get("name", "").strip()[:100]
    quantity = reader.number("quantity", 1, QUANTITY_MAX, required=True)
    way = reader.choice("way", ("stock", "code"), "stock")
    if len(reader.faults) > before or quantity is None:
        return None
    return Supply(name, quantity, way == "code")


def _budget(actor: Actor, reader: Reader) -> Budget | None:
    budget_id = reader.number("budget_id", 1, 2**31 - 1)
    if budget_id is None:
        return None
    try:
        return budget_by_id(actor, budget_id)
    except KaquanError:
        unknown = budget_unknown(budget_id)
        reader.fault("budget_id", unknown.zh.rstrip("。"), unknown.en.rstrip("."))
        return None


def _terms(actor: Actor, reader: Reader, warnings: list[FieldFault]) -> Terms | None:
    before = len(reader.faults)
    raw = raw_terms(actor, reader)
    if len(reader.faults) > before:
        return None  # the engine would only repeat what was told beside the fields
    check = check_terms(raw)
    for fault in check.faults:
        reader.fault(field_of_path(fault.path), fault.zh, fault.en)
    warnings += [FieldFault(field_of_path(one.path), one.zh, one.en) for one in check.warnings]
    return check.terms


def _unwise(plan: DraftPlan) -> list[FieldFault]:
    """What is allowed and should be looked at twice, beyond what the terms alone tell."""
    found = []
    worst_fen = plan.worst_cost_fen
    if worst_fen and plan.budget is None and "budget_id" not in {one.field for one in plan.faults}:
        found.append(
            FieldFault(
                "budget_id",
                "没有选择预算：支出没有上限控制",
                "no budget was chosen: nothing stops the spending",
            )
        )
    if worst_fen and plan.budget is not None:
        amounts = amounts_of([plan.budget.id]).get(plan.budget.id)
        short_fen = worst_fen - (amounts.available_fen if amounts else 0)
        if short_fen > 0:
            short = format_yuan(short_fen)
            found.append(
                FieldFault(
                    "budget_id",
                    f"最大成本超出预算可用额 {short}，预算用完后将不能再发或再用",
                    f"the worst case is {short} above what the budget has left: later ones are"
                    " refused",
                )
            )
    if plan.terms is not None and plan.basics is not None:
        found += _unwise_days(plan.terms, plan.basics)
    return found


def _unwise_days(terms: Terms, basics: Basics) -> list[FieldFault]:
    span = terms.validity.range
    if isinstance(span, FixedRange) and span.last_day < basics.starts_at.date():
        return [
            FieldFault(
                "last_day",
                "券在活动开始前就已过期",
                "the vouchers run out before the campaign begins",
            )
        ]
    return []
