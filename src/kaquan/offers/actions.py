"""Changes of offers. Terms are never edited: each change is a new version."""

from datetime import datetime
from typing import Any

import msgspec
from django.db import IntegrityError, connection, transaction

from kaquan.engine.rules.reading import read_terms, terms_bytes
from kaquan.engine.rules.terms import Terms
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import fields_of, record_change, record_row
from kaquan.offers.errors import offer_exists, terms_invalid
from kaquan.offers.faces import Face, face_json
from kaquan.offers.models import Offer, OfferVersion
from kaquan.offers.queries import offer_by_id, version_by_id
from kaquan.organisations.queries import organisation_by_id, own_organisation_id

PERMISSION = "offers.edit"
_OFFER = ("code", "name", "organisation", "face")

read_code = cells.code()
read_name = cells.text(100)


def create_offer(
    *,
    actor: Actor,
    code: str,
    name: str,
    terms: Terms | dict[str, Any] | bytes,
    at: datetime,
    organisation_id: int | None = None,
    face: Face | None = None,
) -> OfferVersion:
    """Add an offer with its first version, by default to the actor's own part of the organisation.

    Raises `offer_exists`, `terms_invalid`, `organisation_unknown`, `value_invalid`.
    """
    require(actor, PERMISSION)
    code = cells.accepted(read_code, code, zh="编码", en="code")
    name = cells.accepted(read_name, name, zh="名称", en="name")
    belongs_to = organisation_id or own_organisation_id(actor)
    with transaction.atomic():
        try:
            with transaction.atomic():
                offer = Offer.objects.create(
                    code=code,
                    name=name,
                    organisation=organisation_by_id(actor, belongs_to) if belongs_to else None,
                    face=face_json(face),
                )
        except IntegrityError:
            raise offer_exists(code) from None
        record_row(
            actor=actor,
            verb="offers.create",
            kind="offer",
            row=offer,
            name=offer.name,
            fields=_OFFER,
            organisation_path=_path(offer),
        )
        return publish_version(actor=actor, offer_id=offer.id, terms=terms, at=at)


def reserve_version_id() -> int:
    """An id that no version has nor will get, but one that is published under it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('offers_offerversion', 'id'))")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def publish_version(
    *,
    actor: Actor,
    offer_id: int,
    terms: Terms | dict[str, Any] | bytes,
    at: datetime,
    version_id: int | None = None,
    betters_id: int | None = None,
) -> OfferVersion:
    """Add the next version of an offer's terms, under a reserved id if one is given.

    One that betters a version older than the newest stands aside. Raises `terms_invalid`,
    `offer_unknown`.
    """
    require(actor, PERMISSION)
    # Also terms that are typed already: someone may have put them together without the checks.
    read = read_terms(terms_bytes(terms) if isinstance(terms, Terms) else terms)
    if not isinstance(read, Terms):
        raise terms_invalid(read)
    with transaction.atomic():
        offer = offer_by_id(actor, offer_id, for_update=True)
        newest = offer.versions.order_by("-number").first()
        version = OfferVersion.objects.create(
            id=version_id,
            offer=offer,
            number=newest.number + 1 if newest else 1,
            terms=msgspec.json.decode(terms_bytes(read)),
            is_aside=betters_id is not None and betters_id != _newest_id(offer),
            published_at=at,
        )
        record_change(
            actor=actor,
            verb="offers.publish",
            kind="offer",
            object_id=offer.id,
            object_name=offer.name,
            organisation_path=_path(offer),
            before={"number": newest.number, "terms": newest.terms} if newest else None,
            after={"number": version.number, "terms": version.terms},
        )
        return version


def change_face(*, actor: Actor, offer_id: int, name: str, face: Face | None) -> Offer:
    """Another name and face; what vouchers promise stays. Raises `offer_unknown`,
    `value_invalid`."""
    require(actor, PERMISSION)
    title = cells.accepted(read_name, name, zh="名称", en="name")
    with transaction.atomic():
        offer = offer_by_id(actor, offer_id, for_update=True)
        before = fields_of(offer, *_OFFER)
        offer.name, offer.face = title, face_json(face)
        offer.save(update_fields=["name", "face"])
        record_row(
            actor=actor,
            verb="offers.face",
            kind="offer",
            row=offer,
            name=offer.name,
            fields=_OFFER,
            organisation_path=_path(offer),
            before=before,
        )
        return offer


def mark_version_used(*, actor: Actor, version_id: int) -> OfferVersion:
    """Note that vouchers stand on a version: it is fixed from now on. Raises `offer_unknown`."""
    with transaction.atomic():
        version = version_by_id(actor, version_id, for_update=True)
        if not version.used:
            version.used = True
            version.save(update_fields=["used"])
        return version


def _newest_id(offer: Offer) -> int | None:
    """The version that new batches are opened under."""
    rows = offer.versions.filter(is_aside=False).order_by("-number")
    return rows.values_list("id", flat=True).first()


def _path(offer: Offer) -> str:
    return offer.organisation.path if offer.organisation else ""
