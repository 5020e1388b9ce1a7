"""A customer's own paper voucher becomes a digital one: the page that takes its code."""

from __future__ import annotations

import secrets

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.registration.conversion import convert_own
from kaquan.surfaces.wallet.pages import Visitor, own_page
from kaquan.wallet.acting import acting_as
from kaquan.wallet.paper_tries import trying_code

ONCE_BYTES = 16
CODE_MAX = 200  # a signed one is 141 symbols long
ONCE_MAX = 40


@require_http_methods(["GET", "HEAD", "POST"])
@own_page
def convert(visitor: Visitor) -> HttpResponseBase:
    """The form; for POST, the voucher that takes the paper one's place. The code is in no
    address."""
    customer = visitor.customer
    assert customer is not None
    posted = visitor.request.POST
    if visitor.request.method != "POST":
        return _form(visitor, "", "")
    code = posted.get("code", "").strip()[:CODE_MAX]
    once = posted.get("once", "").replace("\0", "")[:ONCE_MAX] or secrets.token_urlsafe(ONCE_BYTES)
    try:
        with trying_code(customer, visitor.source, clock.now()):
            conversion = convert_own(
                actor=acting_as(customer),
                customer=customer,
                code=code,
                once=f"wallet:{once}",
            )
    except KaquanError as error:
        return _form(visitor, code, visitor.look.error(error), status=409)
    assert conversion.digital_serial is not None
    there = reverse("wallet:voucher", kwargs={"serial": conversion.digital_serial})
    return HttpResponseRedirect(there)


def _form(visitor: Visitor, code: str, error: str, *, status: int = 200) -> HttpResponseBase:
    shown = {
        "paper": code,
        "error": error,
        "once": secrets.token_urlsafe(ONCE_BYTES),
        "code_max": CODE_MAX,
    }
    response = visitor.page("paper", shown, status=status)
    response.runs_wasm = True  # type: ignore[attr-defined]  # for the barcode reader; see security_headers
    return response
