"""What others may know of offers and products."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from kaquan.engine.favourable import favourable
from kaquan.engine.rules.faults import TermsFault
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.sanity import terms_warnings
from kaquan.engine.rules.terms import Products, Terms
from kaquan.foundation.actor import Actor
from kaquan.offers.errors import offer_unknown
from kaquan.offers.models import Offer, OfferVersion, Product
from kaquan.organisations.queries import organisation_names, within

LIST_MAX = 200


def offer_by_id(actor: Actor, offer_id: int, *, for_update: bool = False) -> Offer:
    """The offer; raises `offer_unknown`."""
    rows = within(actor, Offer.objects.filter(id=offer_id), "organisation")
    offer = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if offer is None:
        raise offer_unknown(offer_id)
    return offer


def offer_by_code(actor: Actor, code: str) -> Offer:
    """The offer; raises `offer_unknown`."""
    offer = within(actor, Offer.objects.filter(code=code), "organisation").first()
    if offer is None:
        raise offer_unknown(code)
    return offer


def version_by_id(actor: Actor, version_id: int, *, for_update: bool = False) -> OfferVersion:
    """The version with its offer; raises `offer_unknown`."""
    rows = OfferVersion.objects.select_related("offer").filter(id=version_id)
    rows = within(actor, rows, "offer__organisation")
    version = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if version is None:
        raise offer_unknown(version_id)
    return version


def newest_version(actor: Actor, code: str) -> OfferVersion:
    """The last published version of an offer; raises `offer_unknown`."""
    rows = OfferVersion.objects.select_related("offer").filter(offer__code=code, is_aside=False)
    version = within(actor, rows, "offer__organisation").order_by("-number").first()
    if version is None:
        raise offer_unknown(code)
    return version


def offers(actor: Actor, *, after_code: str = "", limit: int = LIST_MAX) -> Sequence[Offer]:
    """Offers in the order of their codes; the next page begins after the last one's code."""
    rows = within(actor, Offer.objects.filter(code__gt=after_code), "organisation")
    return list(rows.order_by("code")[: min(limit, LIST_MAX)])


def terms_of(version: OfferVersion) -> Terms:
    """The version's terms, typed."""
    terms = read_terms(msgspec.json.encode(version.terms))
    assert isinstance(terms, Terms), f"stored terms of version {version.id} are faulty: {terms}"
    return terms


def product_revision() -> int:
    """A number that a trigger moves with every change of products.

    What is read after it stays true while it does.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM offers_product_revision")
        row = cursor.fetchone()
    assert row is not None, "a migration wrote it"
    return int(row[0])


def categories_of(skus: Collection[str]) -> dict[str, tuple[str, ...]]:
    """For each product: its own category and all above it; unknown products are left out."""
    rows = Product.objects.filter(sku__in=skus).values_list("sku", "categories")
    return {sku: tuple(categories) for sku, categories in rows}


def product_names(skus: Collection[str]) -> dict[str, str]:
    """What products are called; unknown ones are left out."""
    return dict(Product.objects.filter(sku__in=skus).values_list("sku", "name")) if skus else {}


def versions(
    actor: Actor, offer_id: int, *, before_number: int | None = None, limit: int = LIST_MAX
) -> Sequence[OfferVersion]:
    """An offer's versions, the newest first; the next page begins before the last one's number.

    Raises `offer_unknown`.
    """
    rows = OfferVersion.objects.select_related("offer").filter(offer=offer_by_id(actor, offer_id))
    if before_number is not None:
        rows = rows.filter(number__lt=before_number)
    return list(rows.order_by("-number")[: min(limit, LIST_MAX)])


def worse_for_holders(old: OfferVersion, new: OfferVersion) -> Sequence[TermsFault]:
    """Why a version could not count for the vouchers of another one; empty where it could."""
    return favourable(terms_of(old), terms_of(new))


class TermsCheck(NamedTuple):
    """Draft terms as an author gets them back: typed, or every fault; and what looks unwise."""

    terms: Terms | None
    faults: Sequence[TermsFault]
    warnings: Sequence[TermsFault]


def check_terms(raw: bytes | dict[str, Any]) -> TermsCheck:
    """Judge draft terms; nothing is kept."""
    read = read_terms(raw)
    if not isinstance(read, Terms):
        return TermsCheck(None, read, ())
    return TermsCheck(read, (), terms_warnings(read))


def names_in(actor: Actor, terms: Terms) -> dict[str, str]:
    """Words for the organisations and products that terms know only by key, for `explain`."""
    stores = terms.scope.stores
    named = organisation_names(actor, {*stores.include, *stores.exclude})
    skus = {sku for products in _products_in(terms) for sku in products.skus}
    return {
        **{f"organisation:{organisation_id}": name for organisation_id, name in named.items()},
        **{f"sku:{sku}": name for sku, name in product_names(skus).items()},
    }


def _products_in(part: object) -> Iterator[Products]:
    """Every piece of the terms that names goods."""
    if isinstance(part, Products):
        yield part
    elif isinstance(part, msgspec.Struct):
        for field in part.__struct_fields__:
            yield from _products_in(getattr(part, field))
