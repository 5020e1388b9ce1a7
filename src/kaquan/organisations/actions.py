"""Changes of the organisation tree; one at a time, for each moves paths that others build on."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, TextField, Value
from django.db.models.functions import Concat, Substr

from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_row
from kaquan.foundation.ids import draw_ids
from kaquan.organisations.coordinates import Position, read_latitude, read_longitude
from kaquan.organisations.divisions import place_of
from kaquan.organisations.errors import (
    organisation_exists,
    organisation_misplaced,
    organisation_unknown,
)
from kaquan.organisations.hours import WeeklyHours, week_in_words
from kaquan.organisations.models import Organisation, OrganisationKind, Store, StoreStatus
from kaquan.organisations.queries import organisation_by_id, store_by_code
from kaquan.organisations.searching import search_text_of

PERMISSION = "organisations.edit"
DEPTH_MAX = 64
_TREE_LOCK = 7_313_001
_NODE = ("code", "name", "kind", "parent")
_STORE = (
    *("address", "province", "city", "district", "division_code", "phone"),
    *("open_hours", "weekly_hours", "status"),
    *("latitude_microdegrees", "longitude_microdegrees"),
)

read_code = cells.code(200)
read_name = cells.text(100)
_STORE_TEXTS = {
    "address": (cells.text(200), "地址", "address"),
    "province": (cells.text(50), "省份", "province"),
    "city": (cells.text(50), "城市", "city"),
    "district": (cells.text(50), "区县", "district"),
    "phone": (cells.text(32), "电话", "phone"),
    "open_hours": (cells.text(100), "营业时间", "open hours"),
}


def create_organisation(
    *, actor: Actor, kind: OrganisationKind, code: str | None, name: str, parent_id: int | None
) -> Organisation:
    """Add a node; a root (`parent_id` None) only by those who may see the whole tree.

    Without a code it gets one made of its kind and id. Raises `organisation_exists`,
    `organisation_misplaced`, `organisation_unknown`, `value_invalid`.
    """
    require(actor, PERMISSION)
    if code is not None:
        code = cells.accepted(read_code, code, zh="编码", en="code")
    name = cells.accepted(read_name, name, zh="名称", en="name")
    with transaction.atomic():
        lock_tree()
        parent = _parent(actor, parent_id, name)
        (organisation_id,) = draw_ids(Organisation, 1)
        organisation = Organisation(
            id=organisation_id,
            code=code or f"{kind}-{organisation_id}",
            name=name,
            kind=kind,
            parent=parent,
            path=f"{parent.path if parent else ''}{organisation_id}.",
        )
        organisation.search_text = search_text_of(name, organisation.code)
        _save(organisation)
        _keep(actor, "organisations.create", organisation, before=None)
        return organisation


def create_store(
    *,
    actor: Actor,
    code: str,
    name: str,
    parent_id: int | None,
    address: str = "",
    province: str = "",
    city: str = "",
    district: str = "",
    phone: str = "",
    open_hours: str = "",
    division_code: str | None = None,
    weekly_hours: WeeklyHours | None = None,
    position: Position | None = None,
    status: StoreStatus = StoreStatus.OPEN,
) -> Store:
    """Add a store; a division's code says its province, city and district, weekly hours say the
    open hours in words. Raises what `create_organisation` raises."""
    facts = _facts(
        {"address": address, "province": province, "city": city, "district": district,
         "phone": phone, "open_hours": open_hours},
        division_code,
        weekly_hours,
        position,
    )  # fmt: skip
    with transaction.atomic():
        organisation = create_organisation(
            actor=actor, kind=OrganisationKind.STORE, code=code, name=name, parent_id=parent_id
        )
        store = Store.objects.create(organisation=organisation, status=status, **facts)
        _keep_store(actor, "stores.create", store, before=None)
        return store


def update_store(
    *,
    actor: Actor,
    code: str,
    name: str | None = None,
    parent_id: int | None = None,
    address: str | None = None,
    province: str | None = None,
    city: str | None = None,
    district: str | None = None,
    phone: str | None = None,
    open_hours: str | None = None,
    division_code: str | None = None,
    weekly_hours: WeeklyHours | None = None,
    position: Position | None = None,
    status: StoreStatus | None = None,
) -> Store:
    """Change what is given of a store; None leaves it as it is.

    While a store is not open no voucher can be used there. A division's code says its province,
    city and district, weekly hours say the open hours in words. Raises `store_unknown`,
    `organisation_unknown`, `organisation_exists`, `organisation_misplaced`, `value_invalid`.
    """
    require(actor, PERMISSION)
    changes = _facts(
        {"address": address, "province": province, "city": city, "district": district,
         "phone": phone, "open_hours": open_hours},
        division_code,
        weekly_hours,
        position,
    )  # fmt: skip
    if status is not None:
        changes["status"] = status
    with transaction.atomic():
        lock_tree()
        store = store_by_code(actor, code)
        before = fields_of(store, *_STORE)
        if name is not None:
            rename_organisation(actor=actor, organisation_id=store.pk, name=name)
        if parent_id is not None:
            move_organisation(actor=actor, organisation_id=store.pk, parent_id=parent_id)
        Store.objects.filter(pk=store.pk).update(**changes)
        store = store_by_code(actor, code)
        _keep_store(actor, "stores.update", store, before=before)
        return store


def rename_organisation(*, actor: Actor, organisation_id: int, name: str) -> Organisation:
    """Give a node another name; raises `organisation_unknown`, `organisation_exists`."""
    require(actor, PERMISSION)
    name = cells.accepted(read_name, name, zh="名称", en="name")
    with transaction.atomic():
        lock_tree()
        organisation = organisation_by_id(actor, organisation_id)
        before = fields_of(organisation, *_NODE)
        organisation.name = name
        organisation.search_text = search_text_of(name, organisation.code)
        _save(organisation)
        _keep(actor, "organisations.rename", organisation, before=before)
        return organisation


def move_organisation(*, actor: Actor, organisation_id: int, parent_id: int | None) -> Organisation:
    """Put a node, and all below it, below another one; both within the actor's part of the tree.

    Raises `organisation_unknown`, `organisation_exists`, `organisation_misplaced`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        lock_tree()
        organisation = organisation_by_id(actor, organisation_id)
        old_path = organisation.path
        before = fields_of(organisation, *_NODE)
        parent = _parent(actor, parent_id, organisation.name)
        if parent is not None and parent.path.startswith(old_path):
            raise organisation_misplaced(organisation.name)
        organisation.parent = parent
        organisation.path = f"{parent.path if parent else ''}{organisation_id}."
        _save(organisation)
        Organisation.objects.filter(path__startswith=old_path).exclude(id=organisation_id).update(
            path=Concat(
                Value(organisation.path),
                Substr(F("path"), len(old_path) + 1),
                output_field=TextField(),
            )
        )
        _keep(actor, "organisations.move", organisation, before=before)
        return organisation


def lock_tree() -> None:
    """Wait for the turn to change the tree; it lasts until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TREE_LOCK])


def _facts(
    texts: Mapping[str, str | None],
    division_code: str | None,
    weekly_hours: WeeklyHours | None,
    position: Position | None,
) -> dict[str, Any]:
    """What is given of a store, checked; one fact makes others that say the same in words."""
    facts: dict[str, Any] = _accepted_texts(texts)
    if position is not None:
        latitude, longitude = position
        facts["latitude_microdegrees"] = cells.accepted(
            read_latitude, latitude, zh="纬度", en="latitude"
        )
        facts["longitude_microdegrees"] = cells.accepted(
            read_longitude, longitude, zh="经度", en="longitude"
        )
    if division_code:
        facts |= {**place_of(division_code)._asdict(), "division_code": division_code}
    elif facts.keys() & {"province", "city", "district"}:
        facts["division_code"] = ""  # names of one's own are no longer those of a code
    if weekly_hours is not None:
        facts |= {"weekly_hours": weekly_hours, "open_hours": week_in_words(weekly_hours)}
    elif "open_hours" in facts:
        facts["weekly_hours"] = None
    return facts


def _accepted_texts(texts: Mapping[str, str | None]) -> dict[str, str]:
    """The checked texts of a store, those that are None left out."""
    accepted = {}
    for field, text in texts.items():
        read, zh, en = _STORE_TEXTS[field]
        if text is not None:
            accepted[field] = cells.accepted(read, text, zh=zh, en=en) if text.strip() else ""
    return accepted


def _parent(actor: Actor, parent_id: int | None, name: str) -> Organisation | None:
    if parent_id is None:
        if actor.organisation_path:
            raise organisation_unknown("")
        return None
    parent = organisation_by_id(actor, parent_id)
    if parent.kind == OrganisationKind.STORE or parent.path.count(".") >= DEPTH_MAX:
        raise organisation_misplaced(name)
    return parent


def _keep(
    actor: Actor, verb: str, organisation: Organisation, *, before: Mapping[str, Any] | None
) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind="organisation",
        row=organisation,
        name=organisation.name,
        fields=_NODE,
        organisation_path=organisation.path,
        before=before,
    )


def _keep_store(actor: Actor, verb: str, store: Store, *, before: Mapping[str, Any] | None) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind="store",
        row=store,
        name=store.organisation.name,
        fields=_STORE,
        organisation_path=store.organisation.path,
        before=before,
    )


def _save(organisation: Organisation) -> None:
    try:
        with transaction.atomic():
            organisation.save()
    except IntegrityError:
        raise organisation_exists(organisation.code, organisation.name) from None
