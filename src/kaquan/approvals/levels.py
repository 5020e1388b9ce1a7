"""Who is asked, one after another, for a request of a kind, a node and an amount.

Every node's own rule for the amount adds its levels, from the deepest node upwards: a rule further
down can ask for more people and never for fewer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, TypedDict

from kaquan.approvals.holders import held_by
from kaquan.approvals.models import ApprovalRequest, ApprovalRule
from kaquan.foundation.actor import EVERY_PERMISSION, Actor
from kaquan.organisations.models import Organisation, OrganisationKind

LEVELS_MAX = 4
RULES_MAX = 500

At = Literal["own", "region", "head_office"]
AT: tuple[At, ...] = ("own", "region", "head_office")


class RuleLevel(TypedDict):
    """A level as a rule has it."""

    role: str
    at: At


class Level(RuleLevel):
    """A level as a request has it, with its node: None is the whole tree."""

    organisation_id: int | None


ANYBODY: RuleLevel = {"role": "", "at": "own"}


def levels_for(kind: str, organisation: Organisation | None, amount_fen: int) -> list[Level]:
    """The levels that the rules ask for; without a rule one, of anybody who may approve."""
    line = _line_to_root(organisation)
    ids = [node.id for node in line]
    rules = ApprovalRule.objects.filter(kind=kind, from_amount_fen__lte=amount_fen)
    rules = rules.filter(organisation_id__in=ids) | rules.filter(organisation__isnull=True)
    chosen: dict[int | None, ApprovalRule] = {}
    for rule in rules.order_by("from_amount_fen")[:RULES_MAX]:
        chosen[rule.organisation_id] = rule  # the greatest amount comes last and stays
    found: list[Level] = []
    for node_id in (*ids, None):
        for level in chosen[node_id].levels if node_id in chosen else ():
            asked = _level(level, _node_id(level["at"], line))
            if asked not in found:
                found.append(asked)
    return found or [_level(ANYBODY, organisation.id if organisation else None)]


def is_at_level(actor: Actor, request: ApprovalRequest, at: datetime) -> bool:
    """Whether an actor may decide where a request waits now, as far as node and role go."""
    path = request.waits_at.path if request.waits_at else ""
    if not path.startswith(actor.organisation_path):
        return False
    if not request.waits_role or EVERY_PERMISSION in actor.permissions:
        return True
    return any(
        held.code == request.waits_role and path.startswith(held.path)
        for held in held_by(actor.id, at)
    )


def as_level(level: Mapping[str, str]) -> RuleLevel | None:
    """A level as a rule keeps it; None for what is none."""
    role, at = level.get("role", ""), level.get("at", "")
    for known in AT:
        if at == known and len(role) <= 64:
            return {"role": role, "at": known}
    return None


def _level(level: RuleLevel, organisation_id: int | None) -> Level:
    return {"role": level["role"], "at": level["at"], "organisation_id": organisation_id}


def _line_to_root(organisation: Organisation | None) -> Sequence[Organisation]:
    """A node and all above it, the node first."""
    if organisation is None:
        return ()
    ids = [int(part) for part in organisation.path.split(".") if part]
    nodes = {node.id: node for node in Organisation.objects.filter(id__in=ids)}
    return [nodes[one] for one in reversed(ids)]


def _node_id(at: At, line: Sequence[Organisation]) -> int | None:
    if not line:
        return None
    if at == "own":
        return line[0].id
    regions = [node for node in line if node.kind == OrganisationKind.REGION]
    return (regions[0] if at == "region" and regions else line[-1]).id
