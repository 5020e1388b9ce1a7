"""The stores of an offer as a list for the phone, which finds the nearest by itself.

The phone's position is never sent: it gets all of them, and measures.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from kaquan.foundation import clock
from kaquan.organisations.models import Store
from kaquan.surfaces.wallet.pages import Visitor, open_page, own_page
from kaquan.surfaces.wallet.words import Look, place_of
from kaquan.wallet import links
from kaquan.wallet.vouchers import own_voucher, stores_on_the_map


@require_safe
@open_page
def of_link(visitor: Visitor, token: str) -> HttpResponseBase:
    """Those of an offer that may be claimed; as public as its page."""
    version = links.open_link(token).batch.offer_version
    return _listed(stores_on_the_map(version), visitor.look)


@require_safe
@own_page
def of_voucher(visitor: Visitor, serial: int) -> HttpResponseBase:
    """Those of one's own voucher."""
    assert visitor.customer is not None
    own = own_voucher(visitor.customer, serial, clock.now())
    return _listed(stores_on_the_map(own.batch.offer_version), visitor.look)


def _listed(stores: Sequence[Store], look: Look) -> HttpResponse:
    rows = [
        [
            look.issuers(one.organisation.name),
            look.issuers(place_of(one)),
            look.issuers(one.open_hours),
            one.latitude_microdegrees,
            one.longitude_microdegrees,
        ]
        for one in stores
    ]
    body = json.dumps({"stores": rows}, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(body, content_type="application/json; charset=utf-8")
