"""That what a campaign sells keeps to the law of its place, whoever asks for it and by what way.

The wizard tells each fault beside its field (`draft_laws`); here they are a refusal. An offer by
itself is of no place: it is judged when a batch of a campaign is to stand on it.
"""

from __future__ import annotations

from collections.abc import Iterable

from kaquan.campaigns.draft_laws import law_faults, law_warnings
from kaquan.campaigns.draft_reading import FieldFault
from kaquan.campaigns.errors import terms_unlawful
from kaquan.campaigns.models import Campaign, Jurisdiction
from kaquan.engine.rules.faults import TermsFault
from kaquan.engine.rules.terms import Terms
from kaquan.offers.models import OfferVersion
from kaquan.offers.queries import terms_of

_PATH_OF = {
    "card_face": "benefit.face_fen",
    "card_max": "benefit.max_balance_fen",
    "cash_face": "benefit.face_fen",
    "price": "price_fen",
    "days": "validity.range.days",
    "last_day": "validity.range.last_day",
    "exact_until": "validity.range.ends_at",
    "transferable": "transferable",
}


def require_lawful(campaign: Campaign, terms: Iterable[Terms]) -> None:
    """Refuse terms that may not be sold where the campaign is, as long as it lasts; raises
    `terms_unlawful`."""
    faults = [fault for one in terms for fault in faults_in(campaign, one)]
    if faults:
        raise terms_unlawful(list(dict.fromkeys(faults)))


def faults_in(campaign: Campaign, terms: Terms) -> list[TermsFault]:
    """What the law of the campaign's place has against terms."""
    if campaign.jurisdiction != Jurisdiction.MAINLAND:
        return []
    return _by_path(law_faults(terms, campaign.ends_at))


def require_lawful_batches(campaign: Campaign) -> None:
    """`require_lawful` for all that the campaign's batches stand on."""
    versions = OfferVersion.objects.filter(id__in=campaign.batches.values("offer_version_id"))
    require_lawful(campaign, (terms_of(version) for version in versions.iterator()))


def told_of(terms: Terms) -> list[TermsFault]:
    """What mainland China's law and courts have against terms, as far as that can be said before
    anybody knows until when they are sold."""
    return _by_path([*law_faults(terms, None), *law_warnings(terms)])


def _by_path(faults: Iterable[FieldFault]) -> list[TermsFault]:
    return [TermsFault(_PATH_OF[one.field], one.zh, one.en) for one in faults]
