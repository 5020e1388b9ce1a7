"""What the wizard shows of a draft: its face, its printed rules, its cost, a cart tried on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kaquan.budgets.queries import amounts_of, funder_names
from kaquan.campaigns.draft_plans import ISSUER, DraftPlan, funder_costs
from kaquan.campaigns.draft_reading import FieldFault
from kaquan.campaigns.draft_trials import Trial, TrialLine, try_out
from kaquan.engine.money import format_yuan
from kaquan.engine.outcome_details import sentence
from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.rules.explain import explain
from kaquan.engine.rules.terms import (
    AfterClaim,
    AmountOff,
    CashVoucher,
    CountCard,
    ExactRange,
    FixedRange,
    PercentOff,
    PrepaidCard,
    Terms,
)
from kaquan.engine.rules.wording import decimal
from kaquan.foundation import clock
from kaquan.offers.faces import COLOURS
from kaquan.offers.queries import names_in
from kaquan.surfaces.console.kit.cells import Fact, count, local_text, moment, money, text
from kaquan.surfaces.console.kit.screens import Call, Language
from kaquan.surfaces.console.screens.wizard_fields import PLACES
from kaquan.surfaces.console.words import BENEFITS


class FaceShown(NamedTuple):
    """A voucher as its holder sees it, as far as it is written."""

    title: str
    brand: str
    note: str
    colour: str
    big: str
    small: str
    validity: str


class Printed(NamedTuple):
    """The terms in words: for holders, and beside them for operators."""

    sentences: Sequence[str]
    inside: Sequence[str]


class LineTold(NamedTuple):
    """A line of the tried cart, and what became of it in words."""

    line: TrialLine
    amount: str
    off: str
    left: str
    words: str


class TrialTold(NamedTuple):
    """A trial in words. ``verdict`` is one sentence, ``reasons`` all that stands against it."""

    is_given: bool
    verdict: str
    reasons: Sequence[str]
    lines: Sequence[LineTold]
    total: str
    off: str
    left: str
    funding: Sequence[tuple[str, str]]
    rest: str


def face_shown(content: Mapping[str, str], terms: Terms | None, language: Language) -> FaceShown:
    """The face; the other language's words where one's own are missing."""

    def said(name: str) -> str:
        chinese, english = content.get(f"{name}_zh", ""), content.get(f"{name}_en", "")
        return (chinese or english) if language == "zh" else (english or chinese)

    colour = content.get("colour", "")
    big, small = _value(terms, language)
    return FaceShown(
        title=said("title") or _("Title of the voucher"),
        brand=content.get("brand", ""),
        note=said("note"),
        colour=colour if colour in COLOURS else COLOURS[0],
        big=big,
        small=small,
        validity=_validity(terms),
    )


def _value(terms: Terms | None, language: Language) -> tuple[str, str]:
    """What stands large on the face, and below it."""
    if terms is None:
        return "—", ""
    minimum_fen = terms.scope.order_minimum_fen
    small = (
        _("from %(amount)s") % {"amount": f"¥{decimal(minimum_fen, 2)}"}
        if minimum_fen
        else _("no minimum")
    )
    match terms.benefit:
        case AmountOff(amount_fen=amount) | CashVoucher(face_fen=amount):
            return f"¥{decimal(amount, 2)}", small
        case PercentOff(basis_points_off=off):
            tenths = f"{decimal(10_000 - off, 3)}折"
            return (tenths if language == "zh" else f"-{decimal(off, 2)}%"), small
        case PrepaidCard(face_fen=face, max_balance_fen=most):
            return f"¥{decimal(face or most, 2)}", str(BENEFITS["prepaid_card"])
        case CountCard(uses=uses):
            return _("%(number)s uses") % {"number": uses}, str(BENEFITS["count_card"])
        case _:
            kind = "exchange" if "goods" in terms.benefit.__struct_fields__ else "free_unit"
            return str(BENEFITS[kind]), small


def _validity(terms: Terms | None) -> str:
    match terms and terms.validity.range:
        case FixedRange(first_day=first, last_day=last):
            return f"{first.isoformat()} – {last.isoformat()}"
        case ExactRange(starts_at=start, ends_at=end):
            return f"{local_text(start)[:16]} – {local_text(end)[:16]}"
        case AfterClaim(days=days):
            return _("%(number)s days from the claim") % {"number": days}
        case _:
            return ""


def printed(call: Call, terms: Terms | None) -> Printed | None:
    """The printed rules; None as long as they cannot be told."""
    if terms is None:
        return None
    sentences = explain(terms, call.language, _names(call, terms))
    return Printed(
        [one.text for one in sentences if one.printed],
        [one.text for one in sentences if not one.printed],
    )


def _names(call: Call, terms: Terms) -> dict[str, str]:
    payers = {f"funder:{number}": name for number, name in funder_names().items()}
    return {**payers, **names_in(call.actor, terms)}


def costs(plan: DraftPlan) -> Sequence[Fact]:
    """What it may cost in figures, and what the budget has."""
    facts = [
        Fact(gettext_lazy("Quantity"), count(plan.quantity)),
        Fact(gettext_lazy("One voucher costs at most"), _cost(plan, plan.voucher_cost_fen)),
        Fact(gettext_lazy("All cost at most"), _cost(plan, plan.worst_cost_fen)),
    ]
    if plan.budget is not None:
        amounts = amounts_of([plan.budget.id]).get(plan.budget.id)
        available_fen = amounts.available_fen if amounts else 0
        facts += [
            Fact(gettext_lazy("Budget"), text(plan.budget.name)),
            Fact(gettext_lazy("Available"), money(available_fen)),
        ]
        if plan.worst_cost_fen is not None:
            rest_fen = available_fen - plan.worst_cost_fen
            name = gettext_lazy("Left after it") if rest_fen >= 0 else gettext_lazy("Missing")
            facts.append(Fact(name, money(abs(rest_fen))))
    for share in funder_costs(plan.terms) if plan.terms is not None else ():
        payer = share.name or _("Issuer")
        if share.funder_id != ISSUER or len(plan.terms.funding if plan.terms else ()) > 1:
            facts.append(Fact(_("%(name)s bears of one") % {"name": payer}, money(share.cost_fen)))
    return facts


def _cost(plan: DraftPlan, cost_fen: int | None) -> Any:
    if cost_fen is not None or plan.terms is None or plan.terms.maximum_cost_fen() is not None:
        return money(cost_fen)
    return text(_("Nothing bounds it"))


def summary(plan: DraftPlan) -> Sequence[Fact]:
    """The campaign and its batch."""
    basics, supply = plan.basics, plan.supply
    ways = {True: gettext_lazy("By code"), False: gettext_lazy("From stock")}
    return [
        Fact(gettext_lazy("Name"), text(basics.name if basics else "")),
        Fact(gettext_lazy("Code"), text(basics.code if basics else "")),
        Fact(gettext_lazy("Kind"), text(basics.kind if basics else "")),
        Fact(gettext_lazy("Starts"), moment(basics.starts_at if basics else None)),
        Fact(gettext_lazy("Ends"), moment(basics.ends_at if basics else None)),
        Fact(gettext_lazy("Jurisdiction"), text(PLACES[plan.jurisdiction])),
        Fact(gettext_lazy("Batch"), text(supply.name if supply else "")),
        Fact(gettext_lazy("How it is issued"), text(ways[supply.by_code] if supply else "")),
    ]


def tried(call: Call, content: Mapping[str, str], terms: Terms | None) -> TrialTold | None:
    """The cart run against the draft; None as long as the terms cannot be told."""
    if terms is None:
        return None
    trial, _faults = try_out(call.actor, terms, content, at=clock.now())
    return None if trial is None else _told(trial, call.language)


def trial_faults(
    call: Call, content: Mapping[str, str], terms: Terms | None
) -> Sequence[FieldFault]:
    """What of the cart cannot be read."""
    return () if terms is None else try_out(call.actor, terms, content, at=clock.now())[1]


def _told(trial: Trial, language: Language) -> TrialTold:
    reasons = [sentence(one.code, one.data, language) for one in trial.refusals]
    names = funder_names()
    if reasons:
        verdict = reasons[0]
    elif trial.lines:
        verdict = _("It gives %(amount)s off: %(left)s is left to pay.") % {
            "amount": format_yuan(trial.discount_fen), "left": format_yuan(trial.left_fen),
        }  # fmt: skip
    else:
        verdict = _("Without an order it settles at %(amount)s.") % {
            "amount": format_yuan(trial.value_fen)
        }
    kind, _colon, number = trial.rest.partition(":")
    rest = ""
    if kind:
        left = format_yuan(int(number)) if kind == "fen" else _("%(number)s uses") % {
            "number": number}  # fmt: skip
        rest = _("%(rest)s stays on it.") % {"rest": left}
    return TrialTold(
        is_given=not reasons,
        verdict=verdict,
        reasons=reasons[1:],
        lines=[_line_told(line, trial) for line in trial.lines],
        total=format_yuan(trial.total_fen),
        off=format_yuan(trial.discount_fen),
        left=format_yuan(trial.left_fen),
        funding=[
            (names.get(funder, "") or _("Issuer"), format_yuan(cost_fen))
            for funder, cost_fen in trial.funding
        ],
        rest=rest,
    )


def _line_told(line: TrialLine, trial: Trial) -> LineTold:
    return LineTold(
        line,
        format_yuan(line.amount_fen),
        format_yuan(line.discount_fen),
        format_yuan(line.left_fen),
        _words(line, trial),
    )


def _words(line: TrialLine, trial: Trial) -> str:
    """Why a line got what it got."""
    if not line.counts:
        return _("It is not among the goods that the voucher is good for.")
    codes = {one.code for one in trial.refusals}
    if OutcomeCode.ORDER_BELOW_MINIMUM in codes:
        short_fen = next(
            one.data["shortfall_fen"]
            for one in trial.refusals
            if one.code is OutcomeCode.ORDER_BELOW_MINIMUM
        )
        assert isinstance(short_fen, int), short_fen
        return _("It counts; the order is %(amount)s short of the minimum.") % {
            "amount": format_yuan(short_fen)
        }
    if codes:
        return _("It would count, but the voucher cannot be used now; see above.")
    if line.discount_fen:
        return _("It counts and bears %(amount)s of the discount.") % {
            "amount": format_yuan(line.discount_fen)
        }
    return _("It counts, but other units were chosen.")
