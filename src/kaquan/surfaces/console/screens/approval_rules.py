"""Rules of approval: who must agree to what, from which amount on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from kaquan.approvals import queries, rules
from kaquan.approvals.holders import role_names
from kaquan.approvals.kinds import kinds
from kaquan.approvals.levels import LEVELS_MAX
from kaquan.approvals.models import ApprovalRule
from kaquan.engine.money import format_yuan
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.organisations.listings import upper_nodes
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, count, money, text
from kaquan.surfaces.console.kit.details import DetailScreen
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.panels import Facts, Panel, Tab, Table
from kaquan.surfaces.console.kit.screens import Call, language_now
from kaquan.surfaces.console.screens.approval_words import LEVELS, kind_words, role_words
from kaquan.surfaces.console.screens.changes import changes_tab

EDIT = rules.PERMISSION
ANYBODY = "-"
"""Of a level's role: whoever may approve the kind; an empty one means that there is no level."""


def _owner(rule: ApprovalRule) -> Cell:
    return text(rule.organisation.name if rule.organisation else _("Whole issuer"))


def _levels(rule: ApprovalRule) -> Cell:
    steps = [f"{LEVELS[level['at']]} · {role_words(level['role'])}" for level in rule.levels]
    return text(" → ".join(steps))


def _delete(rule: ApprovalRule, doing: Doing) -> Text:
    rules.delete_rule(actor=doing.actor, rule_id=rule.pk)
    return _("The rule was deleted.")


class RuleDetail(DetailScreen[ApprovalRule]):
    """One rule."""

    name = "approval-rule"
    path = "approval-rules/<int:key>"
    title = _("Approval rule")
    permission = queries.VIEW
    parent = "approval-rules"
    links = (("approval-rule-edit", _("Edit"), EDIT),)
    actions = (
        Action(
            "delete",
            _("Delete"),
            EDIT,
            lambda rule: _("Delete the rule for “%(kind)s” from %(amount)s on?") % {
                "kind": kind_words(rule.kind), "amount": format_yuan(rule.from_amount_fen)},
            _delete,
            danger=True,
            consequence=_("Requests that are open keep their levels."),
            leads_to="approval-rules",
        ),
    )  # fmt: skip

    def subject(self, actor: Actor, key: int) -> ApprovalRule:
        """The rule; raises `approval_rule_unknown`."""
        return queries.rule_by_id(actor, key)

    def heading(self, subject: ApprovalRule) -> str:
        """What it is for."""
        return f"{kind_words(subject.kind)} · {_owner(subject).plain}"

    @staticmethod
    def overview(_call: Call, rule: ApprovalRule) -> Sequence[Panel]:
        """What it is for and who must agree."""
        facts = [
            Fact(_("Kind"), text(kind_words(rule.kind))),
            Fact(_("Applies to"), _owner(rule)),
            Fact(_("From this amount on"), money(rule.from_amount_fen)),
        ]
        columns = (
            Column[Any]("number", _("Level"), lambda row: count(row[0])),
            Column[Any]("role", _("Role"), lambda row: text(role_words(row[1]["role"]))),
            Column[Any]("at", _("At"), lambda row: text(LEVELS[row[1]["at"]])),
        )
        note = _("Rules of nodes above apply as well; their levels follow.")
        rows = list(enumerate(rule.levels, 1))
        return [Facts("", facts), Table(_("Levels of approval"), columns, rows, "", note)]

    tabs = (Tab("overview", _("Overview"), overview), changes_tab("approval_rule"))


class Rules(ListScreen[ApprovalRule]):
    """The rules of one's part."""

    name = "approval-rules"
    path = "approval-rules"
    title = _("Approval rules")
    permission = queries.VIEW
    empty = _("There are no rules: one other person with the right to approve must agree.")
    creates = ("approval-rule-new", _("New rule"), EDIT)
    fields = (Field("kind", _("Kind"), "choice"),)
    columns = (
        Column[ApprovalRule]("kind", _("Kind"), lambda one: text(
            kind_words(one.kind), href=RULE.address(key=one.pk)), sort="kind"),
        Column[ApprovalRule]("owner", _("Applies to"), _owner),
        Column[ApprovalRule]("amount", _("From this amount on"), lambda one: money(
            one.from_amount_fen), sort="amount", number=True),
        Column[ApprovalRule]("levels", _("Levels of approval"), _levels),
    )  # fmt: skip

    def query_fields(self, actor: Actor) -> Sequence[Field]:
        """With the kinds that there are."""
        del actor
        return [self.fields[0].with_options(_kind_options())]

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[ApprovalRule]:
        """The rules."""
        return queries.rule_page(actor, values["kind"], paging)


RULE: RuleDetail = RuleDetail()
RULES = Rules()


def _kind_options() -> list[tuple[str, Text]]:
    return [(one.name, kind_words(one.name)) for one in kinds()]


def _role_options() -> list[tuple[str, Text]]:
    index = 0 if language_now() == "zh" else 1
    named = [(role, names[index]) for role, names in role_names().items()]
    return [(ANYBODY, _("Anybody who may approve")), *named]


def _level_fields() -> list[Field]:
    fields = []
    for number in range(1, LEVELS_MAX + 1):
        words = {"number": number}
        fields += [
            Field(f"role_{number}", _("Level %(number)s: role") % words, "choice",
                  options=_role_options(), required=number == 1),
            Field(f"at_{number}", _("Level %(number)s: at which node") % words, "choice",
                  options=list(LEVELS.items()), required=number == 1),
        ]  # fmt: skip
    return fields


def _levels_in(values: Values) -> list[dict[str, str]]:
    """The levels that were filled in; a role or a place alone is a level that lacks the other."""
    levels = []
    for number in range(1, LEVELS_MAX + 1):
        role, at = values[f"role_{number}"], values[f"at_{number}"]
        if role or at:
            levels.append({"role": "" if role == ANYBODY else role or "?", "at": at or ""})
    return levels


_AMOUNT = Field(
    "from_amount", _("From this amount on"), required=True, characters_max=20, hint=_("In yuan")
)


def _amount_in(values: Values) -> int:
    amount_fen: int = cells.accepted(cells.amount, values["from_amount"], zh="金额", en="amount")
    return amount_fen


class NewRule(FormScreen):
    """A new rule."""

    name = "approval-rule-new"
    path = "new-approval-rule"
    title = _("New rule")
    hint = _("Levels are asked one after another; nobody decides at two of them.")
    permission = EDIT
    parent = "approval-rules"
    fields = (
        Field("kind", _("Kind"), "choice", required=True),
        Field("organisation_id", _("Applies to"), "choice",
              hint=_("This node and everything below it; without a node, the whole issuer")),
        _AMOUNT,
    )  # fmt: skip

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """With kinds, nodes and roles."""
        del key
        nodes = [(str(one.id), one.name) for one in upper_nodes(actor)]
        kind, node, amount = self.fields
        return [
            kind.with_options(_kind_options()),
            node.with_options(nodes),
            amount,
            *_level_fields(),
        ]

    def initial(self, actor: Actor, key: Any) -> Mapping[str, Any]:
        """From nothing on, by the node itself."""
        del actor, key
        return {"from_amount": "0", "role_1": ANYBODY, "at_1": "own"}

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Make it."""
        del key
        chosen = doing.values["organisation_id"]
        rule = rules.create_rule(
            actor=doing.actor,
            kind=doing.values["kind"],
            organisation_id=int(chosen) if chosen else None,
            from_amount_fen=_amount_in(doing.values),
            levels=_levels_in(doing.values),
        )
        return _("The rule was added."), RULE.address(key=rule.pk)

    def home(self, key: Any) -> str:
        """The list."""
        del key
        return RULES.address()


class EditRule(FormScreen):
    """Another amount, other levels."""

    name = "approval-rule-edit"
    path = "approval-rules/<int:key>/edit"
    title = _("Edit the rule")
    hint = _("Requests that are open keep their levels.")
    permission = EDIT
    parent = "approval-rules"

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """With the roles."""
        del actor, key
        return [_AMOUNT, *_level_fields()]

    def initial(self, actor: Actor, key: int) -> Mapping[str, Any]:
        """As it is."""
        rule = queries.rule_by_id(actor, key)
        whole, part = divmod(rule.from_amount_fen, 100)
        initial = {"from_amount": f"{whole}.{part:02}" if part else str(whole)}
        for number, level in enumerate(rule.levels, 1):
            initial |= {f"role_{number}": level["role"] or ANYBODY, f"at_{number}": level["at"]}
        return initial

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Change it."""
        rules.update_rule(
            actor=doing.actor,
            rule_id=key,
            from_amount_fen=_amount_in(doing.values),
            levels=_levels_in(doing.values),
        )
        return _("The rule was changed."), RULE.address(key=key)

    def home(self, key: int) -> str:
        """Its page."""
        return RULE.address(key=key)
