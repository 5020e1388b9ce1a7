"""Writing down a change, in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any

from django.db import connection, models

from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.models import Change
from kaquan.foundation.changes.origin import current_origin

NAME_MAX = 200


def record_change(
    *,
    actor: Actor,
    verb: str,
    kind: str,
    object_id: object,
    object_name: str,
    organisation_path: str = "",
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> Change | None:
    """Keep a change that is being made; only the fields that differ, and nothing when none does.

    `before` is None for what is new, `after` for what is gone. It becomes part of the chain when
    the transaction commits, and never was when that rolls back.
    """
    assert connection.in_atomic_block, "a change and its record stand or fall together"
    old, new = _written(before), _written(after)
    if old is not None and new is not None:
        differing = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        if not differing:
            return None
        old = {name: old.get(name) for name in differing}
        new = {name: new.get(name) for name in differing}
    return Change.objects.create(
        at=clock.now(),
        actor_kind=actor.kind,
        actor_id=actor.id[:100],
        actor_name=actor.name[:NAME_MAX],
        origin=current_origin()[:64],
        verb=verb,
        kind=kind,
        object_id=str(object_id),
        object_name=object_name[:NAME_MAX],
        organisation_path=organisation_path,
        before=old,
        after=new,
    )


def record_row(
    *,
    actor: Actor,
    verb: str,
    kind: str,
    row: models.Model,
    name: str,
    fields: Sequence[str],
    organisation_path: str = "",
    before: Mapping[str, Any] | None = None,
    gone: bool = False,
) -> Change | None:
    """Keep what became of a row: new without `before` (what `fields_of` gave earlier), or gone."""
    values = fields_of(row, *fields)
    return record_change(
        actor=actor,
        verb=verb,
        kind=kind,
        object_id=row.pk,
        object_name=name,
        organisation_path=organisation_path,
        before=values if gone else before,
        after=None if gone else values,
    )


def fields_of(row: models.Model, *names: str) -> dict[str, Any]:
    """These fields of a row as they stand; a relation by its id."""
    return {name: row.serializable_value(name) for name in names}


def _written(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    """What JSON can hold and gives back the same."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(one) for one in value)
    raise TypeError(f"a change cannot hold {type(value).__name__}")
