"""Forms about budgets: a new one, another total, money for another budget, when to warn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.approvals.models import ApprovalRequest
from kaquan.budgets.actions import PERMISSION as EDIT
from kaquan.budgets.actions import set_warnings
from kaquan.budgets.models import Budget
from kaquan.budgets.queries import funders
from kaquan.budgets.requests import alone_max_fen, ask_transfer, change_total, open_new
from kaquan.budgets.trees import open_budgets
from kaquan.engine.commands import RequestKey
from kaquan.engine.money import format_yuan
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field, Filled
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.budgets import BUDGET, BUDGETS
from kaquan.surfaces.console.screens.node_fields import NODE_HINT, node_id

_REASON = Field("reason", _("Reason"), "long_text", required=True, characters_max=500)
_YUAN = _("In yuan, such as 12,000.50")
_INDENT = "\u3000"


def amount_fen(typed: str | None) -> int:
    """Fen from what somebody typed in yuan, nothing for an empty field; raises `value_invalid`."""
    found: int = cells.accepted(cells.amount, typed or "0", zh="金额", en="amount")
    return found


def _yuan(amount: int) -> str:
    return format_yuan(amount).replace("¥", "")


def _named(budgets: Sequence[Budget]) -> list[tuple[str, Text]]:
    return [
        (str(one.id), f"{_INDENT * (one.path.count('.') - 1)}{one.name}（{one.code}）")
        for one in budgets
    ]


def _asked(request: ApprovalRequest | None, done: Text) -> Text:
    if request is None:
        return done
    return _("Somebody else must agree first: the request was handed in.")


class BudgetForm(FormScreen):
    """What forms about one budget share."""

    permission = EDIT
    parent = "budgets"

    def home(self, key: Any) -> str:
        """The budget's page; for a new one the list."""
        return BUDGETS.address() if key is None else BUDGET.address(key=key)


class NewBudget(BudgetForm):
    """A new budget."""

    name = "budget-new"
    path = "new-budget"
    title = _("New budget")
    hint = _("Money of a budget that stands below another comes from that one, and somebody else "
             "must agree; so must they to a large amount from outside.")  # fmt: skip
    fields: ClassVar[Sequence[Field]] = (
        Field("code", _("Code"), required=True, characters_max=64),
        Field("name", _("Name"), required=True),
        Field("parent", _("Below the budget"), "choice"),
        Field("funder", _("Funder"), "choice", hint=_("Nobody chosen: the issuer.")),
        Field("organisation", _("Belongs to"), "node", hint=NODE_HINT),
        Field("amount", _("Amount"), hint=_YUAN),
    )

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """With the budgets and funders there are."""
        del key
        options: dict[str, list[tuple[str, Text]]] = {
            "parent": _named(open_budgets(actor)),
            "funder": [(str(one.id), one.name) for one in funders()],
        }
        return [
            one.with_options(options[one.name]) if one.name in options else one
            for one in self.fields
        ]

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Open it."""
        del key
        values = doing.values
        budget, request = open_new(
            actor=doing.actor,
            code=values["code"],
            name=values["name"],
            amount_fen=amount_fen(values["amount"]),
            at=clock.now(),
            funder_id=int(values["funder"]) if values["funder"] else None,
            organisation_id=node_id(doing.actor, values["organisation"]),
            parent_id=int(values["parent"]) if values["parent"] else None,
        )
        return _asked(request, _("The budget was opened.")), BUDGET.address(key=budget.id)


class ChangeTotal(BudgetForm):
    """Another total, if it still is what was seen."""

    name = "budget-change"
    path = "budgets/<int:key>/change"
    title = _("Change the total")
    fields: ClassVar[Sequence[Field]] = (
        Field("expected", _("Total as you saw it"), "hidden", required=True, characters_max=15),
        Field("total", _("New total"), required=True),
        _REASON,
    )

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the total of now, and how much one person changes alone."""
        line = BUDGET.subject(actor, key)
        hint = gettext("Now it is %(total)s, of which %(available)s are available. In yuan.") % {
            "total": format_yuan(line.own.total_fen),
            "available": format_yuan(line.own.available_fen),
        }
        alone = gettext("Beyond %(amount)s a day somebody else must agree.") % {
            "amount": format_yuan(alone_max_fen(line.budget))
        }
        return [
            replace(one, hint=f"{hint} {alone}") if one.name == "total" else one
            for one in self.fields
        ]

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """As it is."""
        total_fen = BUDGET.subject(actor, key).own.total_fen
        return {"expected": str(total_fen), "total": _yuan(total_fen)}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it, or ask for it."""
        values = doing.values
        expected = str(values["expected"])
        if not (expected.isascii() and expected.isdigit()):
            raise KaquanError(
                "value_invalid",
                zh="页面已失效；请重新打开。",
                en="The page is no longer good; open it again.",
                exit_code=ExitCode.USAGE,
            )
        request = change_total(
            actor=doing.actor,
            budget_id=key,
            expected_fen=int(expected),
            total_fen=amount_fen(values["total"]),
            reason=values["reason"],
            at=clock.now(),
            request_key=RequestKey(INTERNAL_CLIENT, f"console:{doing.once}:budget:{key}"),
        )
        return _asked(request, _("The total was changed.")), BUDGET.address(key=key)

    def _form(
        self, call: Call, key: Any, filled: Sequence[Filled], error: str = "", *, status: int = 200
    ) -> HttpResponseBase:
        if status == 409:  # whoever has read both values may say it again
            total_fen = BUDGET.subject(call.actor, key).own.total_fen
            filled = [
                replace(one, typed=str(total_fen)) if one.field.name == "expected" else one
                for one in filled
            ]
        return super()._form(call, key, filled, error, status=status)


class TransferMoney(BudgetForm):
    """Money of one budget for another; always two people."""

    name = "budget-transfer"
    path = "budgets/<int:key>/transfer"
    title = _("Move money to another budget")
    hint = _("Only between budgets of one funder, and only once somebody else has agreed.")
    save_words = _("Hand in the request")
    fields: ClassVar[Sequence[Field]] = (
        Field("to", _("To the budget"), "choice", required=True),
        Field("amount", _("Amount"), required=True, hint=_YUAN),
        _REASON,
    )

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the budgets of the same funder."""
        line = BUDGET.subject(actor, key)
        others = _named(open_budgets(actor, like=line.budget))
        hint = gettext("%(amount)s are available. In yuan.") % {
            "amount": format_yuan(line.own.available_fen)
        }
        return [
            one.with_options(others)
            if one.name == "to"
            else replace(one, hint=hint)
            if one.name == "amount"
            else one
            for one in self.fields
        ]

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Ask for it."""
        values = doing.values
        ask_transfer(
            actor=doing.actor,
            from_id=key,
            to_id=int(values["to"]),
            amount_fen=amount_fen(values["amount"]),
            reason=values["reason"],
            at=clock.now(),
        )
        return (
            _("Somebody else must agree first: the request was handed in."),
            BUDGET.address(key=key),
        )


class Warnings(BudgetForm):
    """At which shares somebody is told."""

    name = "budget-warnings"
    path = "budgets/<int:key>/warnings"
    title = _("When to warn")
    fields: ClassVar[Sequence[Field]] = (
        Field("percents", _("Percent of the total"),
              hint=_("Such as 80, 95; empty: never. What is committed, spent or released counts.")),
    )  # fmt: skip

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """As it is."""
        percents = BUDGET.subject(actor, key).budget.warn_percents
        return {"percents": ", ".join(map(str, percents))}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Choose them."""
        typed = doing.values["percents"] or ""
        read = cells.words(longest=5, most=10)
        words = cells.accepted(read, typed, zh="比例", en="percent") if typed else []
        numbers = [
            cells.accepted(cells.whole_number(1, 100), word.rstrip("%％"), zh="比例", en="percent")
            for word in words
        ]
        set_warnings(actor=doing.actor, budget_id=key, percents=numbers)
        return _("The warnings were changed."), BUDGET.address(key=key)
