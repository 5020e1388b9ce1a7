"""Changes of the rules that say who must agree to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction

from kaquan.approvals import errors
from kaquan.approvals.holders import role_names
from kaquan.approvals.kinds import kinds
from kaquan.approvals.levels import LEVELS_MAX, RuleLevel, as_level
from kaquan.approvals.models import ApprovalRule
from kaquan.approvals.queries import rule_by_id
from kaquan.engine.money import MAX_FEN
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import organisation_by_id

PERMISSION = "approvals.rules"
CHANGE_KIND = "approval_rule"
_SHOWN = ("kind", "organisation", "from_amount_fen", "levels")


def create_rule(
    *,
    actor: Actor,
    kind: str,
    organisation_id: int | None,
    from_amount_fen: int,
    levels: Sequence[Mapping[str, str]],
) -> ApprovalRule:
    """Say who must agree to requests of a kind from a node on, from an amount on.

    None is anywhere, and only theirs to say who act for the whole tree. Raises
    `approval_rule_exists`, `organisation_unknown`, `value_invalid`.
    """
    require(actor, PERMISSION)
    if kind not in {one.name for one in kinds()}:
        raise errors.value_invalid("没有这种审批类型。", "There is no such kind of request.")
    rule = ApprovalRule(
        kind=kind,
        organisation=_node(actor, organisation_id),
        from_amount_fen=_amount(from_amount_fen),
        levels=_accepted(levels),
    )
    with transaction.atomic():
        _save(rule)
        _keep(actor, "approval_rules.create", rule)
        return rule


def update_rule(
    *,
    actor: Actor,
    rule_id: int,
    from_amount_fen: int | None = None,
    levels: Sequence[Mapping[str, str]] | None = None,
) -> ApprovalRule:
    """Change what is given of a rule; requests that are open keep their levels.

    Raises `approval_rule_unknown`, `approval_rule_exists`, `value_invalid`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        rule = rule_by_id(actor, rule_id, for_update=True)
        before = fields_of(rule, *_SHOWN)
        if from_amount_fen is not None:
            rule.from_amount_fen = _amount(from_amount_fen)
        if levels is not None:
            rule.levels = _accepted(levels)
        _save(rule)
        _keep(actor, "approval_rules.update", rule, before=before)
        return rule


def delete_rule(*, actor: Actor, rule_id: int) -> None:
    """Ask for it no more; requests that are open keep their levels. Raises
    `approval_rule_unknown`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        rule = rule_by_id(actor, rule_id, for_update=True)
        _keep(actor, "approval_rules.delete", rule, gone=True)
        rule.delete()


def _node(actor: Actor, organisation_id: int | None) -> Organisation | None:
    if organisation_id is not None:
        return organisation_by_id(actor, organisation_id)
    if actor.organisation_path:
        raise errors.value_invalid(
            "请指定组织：您只能为自己的管辖范围设置规则。",
            "Name an organisation: you can make rules for your part of the tree only.",
        )
    return None


def _amount(amount_fen: int) -> int:
    if not 0 <= amount_fen <= MAX_FEN:
        raise errors.value_invalid("金额超出范围。", "The amount is out of range.")
    return amount_fen


def _accepted(levels: Sequence[Mapping[str, str]]) -> list[RuleLevel]:
    if not 1 <= len(levels) <= LEVELS_MAX:
        raise errors.value_invalid(
            f"审批级别应为 1 到 {LEVELS_MAX} 级。", f"A rule has 1 to {LEVELS_MAX} levels."
        )
    known = role_names()
    accepted: list[RuleLevel] = []
    for level in levels:
        read = as_level(level)
        if read is None or (read["role"] and read["role"] not in known):
            raise errors.value_invalid(
                "审批级别的角色或位置无效。", "The role or the place of a level is none of ours."
            )
        if read in accepted:
            raise errors.value_invalid(
                "两个级别完全相同；请删去一个。", "Two levels are the same; take one out."
            )
        accepted.append(read)
    return accepted


def _save(rule: ApprovalRule) -> None:
    try:
        with transaction.atomic():
            rule.save()
    except IntegrityError:
        raise errors.rule_exists() from None


def _keep(
    actor: Actor,
    verb: str,
    rule: ApprovalRule,
    *,
    before: Mapping[str, object] | None = None,
    gone: bool = False,
) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind=CHANGE_KIND,
        row=rule,
        name=rule.kind,
        fields=_SHOWN,
        organisation_path=rule.organisation.path if rule.organisation else "",
        before=before,
        gone=gone,
    )
