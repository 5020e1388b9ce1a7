"""The stores of an offer as a list for the phone, which finds one, or the nearest, by itself.

The phone's position is never sent: it gets all of them, and measures.
"""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from kaquan.foundation import clock
from kaquan.surfaces.wallet.pages import Visitor, open_page, own_page
from kaquan.surfaces.wallet.words import Look, place_of
from kaquan.wallet import links
from kaquan.wallet.vouchers import OfferStores, all_stores_of, own_voucher


@require_safe
@open_page
def of_link(visitor: Visitor, token: str) -> HttpResponseBase:
    """Those of an offer that may be claimed; as public as its page."""
    version = links.open_link(token).batch.offer_version
    return _listed(all_stores_of(version), visitor.look)


@require_safe
@own_page
def of_voucher(visitor: Visitor, serial: int) -> HttpResponseBase:
    """Those of one's own voucher."""
    assert visitor.customer is not None
    own = own_voucher(visitor.customer, serial, clock.now())
    return _listed(all_stores_of(own.batch.offer_version), visitor.look)


def _listed(found: OfferStores, look: Look) -> HttpResponse:
    rows = [
        [
            look.issuers(one.organisation.name),
            look.issuers(place_of(one)),
            look.issuers(one.open_hours),
            one.latitude_microdegrees,
            one.longitude_microdegrees,
        ]
        for one in found.stores
    ]
    body = json.dumps(
        {"stores": rows, "cut": found.is_cut}, ensure_ascii=False, separators=(",", ":")
    )
    return HttpResponse(body, content_type="application/json; charset=utf-8")
