"""What others may know of offers and products."""

from collections.abc import Collection, Sequence

import msgspec

from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms
from kaquan.foundation.actor import Actor
from kaquan.offers.errors import offer_unknown
from kaquan.offers.models import Offer, OfferVersion, Product
from kaquan.organisations.queries import within

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
    rows = OfferVersion.objects.select_related("offer").filter(offer__code=code)
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


def categories_of(skus: Collection[str]) -> dict[str, tuple[str, ...]]:
    """For each product: its own category and all above it; unknown products are left out."""
    rows = Product.objects.filter(sku__in=skus).values_list("sku", "categories")
    return {sku: tuple(categories) for sku, categories in rows}
