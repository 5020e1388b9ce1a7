"""A request to be forgotten, for tests of screens."""

from __future__ import annotations

from kaquan.customers.erasing import request_erasure
from kaquan.customers.models import ErasureRequest
from tests.api.world import Side
from tests.builders.issuer import NOON, SYSTEM


def an_erasure(side: Side) -> ErasureRequest:
    """The side's own customer's, made when it is first asked for."""
    found = ErasureRequest.objects.filter(customer=side.customer).first()
    return found or request_erasure(actor=SYSTEM, number=side.customer.number, at=NOON)
