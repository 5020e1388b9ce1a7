"""Making segments and changing them."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, connection, transaction

from kaquan.customers import conditions as c
from kaquan.customers.actions import PERMISSION
from kaquan.customers.conditions import Group, conditions_json, leaves
from kaquan.customers.errors import (
    segment_changed,
    segment_exists,
    segment_not_active,
    segments_in_offers_too_many,
)
from kaquan.customers.models import Segment
from kaquan.customers.segment_tags import IN_OFFERS_MAX, forget
from kaquan.customers.segments import checked_conditions, segment_by_id
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.foundation.imports_cells import BadCellError, Reason
from kaquan.organisations.queries import organisation_by_id, own_organisation_id

KIND = "segment"
_KEPT = ("code", "name", "organisation", "conditions", "in_offers", "active")
_IN_OFFERS_LOCK = 0x6B71_1002
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
NOT_A_CODE = Reason(
    "not_a_code",
    "应为字母、数字、点、横线或下划线，最多 40 个，以字母或数字开头",
    "expected up to 40 letters, digits, dots, dashes and underscores, a letter or digit first",
)

read_name = cells.text(100)
_read_code = cells.code(40)


def create_segment(
    *,
    actor: Actor,
    code: str,
    name: str,
    conditions: Any,
    in_offers: bool = False,
    organisation_id: int | None = None,
) -> Segment:
    """A new segment, by default of the actor's own part of the organisation.

    Raises `segment_exists`, `segment_conditions_invalid`, `segments_in_offers_too_many`,
    `organisation_unknown`, `value_invalid`.
    """
    require(actor, PERMISSION)
    group = _conditions(actor, conditions)
    belongs_to = organisation_id or own_organisation_id(actor)
    now = clock.now()
    segment = Segment(
        code=cells.accepted(read_code, code, zh="编码", en="code"),
        name=cells.accepted(read_name, name, zh="名称", en="name"),
        organisation=organisation_by_id(actor, belongs_to) if belongs_to else None,
        conditions=conditions_json(group),
        in_offers=in_offers,
        made_at=now,
        made_by=actor.name[:200],
        changed_at=now,
    )
    try:
        with transaction.atomic():
            if in_offers:
                _refuse_too_many()
            segment.save()
            _keep(actor, "segments.create", segment, before=None)
    except IntegrityError:
        raise segment_exists(segment.code) from None
    transaction.on_commit(forget)
    return segment


def update_segment(
    *,
    actor: Actor,
    segment_id: int,
    revision: int,
    name: str | None = None,
    conditions: Any = None,
    in_offers: bool | None = None,
) -> Segment:
    """Change what is given, if nobody has since the revision that the change is made from.

    Raises `segment_unknown`, `segment_changed`, `segment_not_active`, `segment_conditions_invalid`,
    `segments_in_offers_too_many`, `organisation_unknown`, `value_invalid`.
    """
    require(actor, PERMISSION)
    group = None if conditions is None else _conditions(actor, conditions)
    with transaction.atomic():
        if in_offers:
            _refuse_too_many(but=segment_id)
        segment = segment_by_id(actor, segment_id, for_update=True)
        if segment.revision != revision:
            raise segment_changed()
        before = fields_of(segment, *_KEPT)
        if name is not None:
            segment.name = cells.accepted(read_name, name, zh="名称", en="name")
        if group is not None:
            segment.conditions = conditions_json(group)
        if in_offers is not None:
            if in_offers and not segment.active:
                raise segment_not_active(segment.code)
            segment.in_offers = in_offers
        _save(segment)
        _keep(actor, "segments.update", segment, before=before)
        return segment


def set_segment_active(*, actor: Actor, segment_id: int, active: bool) -> Segment:
    """Switch a segment on or off. One that is off is in no list to choose from, and no customer is
    in it for any offer. Raises `segment_unknown`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        segment = segment_by_id(actor, segment_id, for_update=True)
        if segment.active == active:
            return segment
        before = fields_of(segment, *_KEPT)
        segment.active = active
        segment.in_offers = segment.in_offers and active
        _save(segment)
        _keep(actor, "segments.switch", segment, before=before)
        return segment


def read_code(cell: object) -> str:
    """A segment's code: plain, for terms name it; raises `BadCellError`."""
    code = str(_read_code(cell))
    if _CODE.fullmatch(code) is None:
        raise BadCellError(NOT_A_CODE)
    return code


def _conditions(actor: Actor, raw: Any) -> Group:
    group = raw if isinstance(raw, Group) else checked_conditions(raw)
    group = checked_conditions(conditions_json(group))
    for leaf in leaves(group):
        if isinstance(leaf, c.Belongs):
            for node_id in leaf.under:
                organisation_by_id(actor, node_id)
    return group


def _refuse_too_many(*, but: int = 0) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_IN_OFFERS_LOCK])
    others = Segment.objects.filter(in_offers=True).exclude(id=but)
    if others[:IN_OFFERS_MAX].count() >= IN_OFFERS_MAX:
        raise segments_in_offers_too_many(IN_OFFERS_MAX)


def _save(segment: Segment) -> None:
    segment.revision += 1
    segment.changed_at = clock.now()
    segment.save()
    transaction.on_commit(forget)


def _keep(actor: Actor, verb: str, segment: Segment, *, before: dict[str, Any] | None) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind=KIND,
        row=segment,
        name=segment.name,
        fields=_KEPT,
        organisation_path=segment.organisation.path if segment.organisation else "",
        before=before,
    )
