"""A customer asks to be forgotten, or thinks better of it: with all numbers that count as theirs,
for erasing one leaves those that were merged into it as they are."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from kaquan.customers.erasing import request_erasure, withdraw_erasure
from kaquan.customers.models import Customer, ErasureRequest, ErasureState
from kaquan.wallet.acting import acting_as, selves_of


def waits_to_be_forgotten(customer: Customer) -> bool:
    """Whether they have asked, and nobody has done it yet."""
    return _open_requests(customer).exists()


def ask_to_be_forgotten(*, customer: Customer, at: datetime) -> None:
    """Ask for each of their numbers; asked again, nothing happens."""
    with transaction.atomic():
        asked = set(_open_requests(customer).values_list("customer_id", flat=True))
        for one in _living_selves(customer):
            if one.id not in asked:
                request_erasure(actor=acting_as(customer), number=one.number, at=at)


def stay(*, customer: Customer, at: datetime) -> None:
    """Take it back for each of their numbers that waits."""
    with transaction.atomic():
        for request in _open_requests(customer).select_related("customer"):
            withdraw_erasure(actor=acting_as(customer), number=request.customer.number, at=at)


def _open_requests(customer: Customer):  # type: ignore[no-untyped-def]  # a queryset of requests
    return ErasureRequest.objects.filter(
        customer__in=selves_of(customer), state=ErasureState.REQUESTED
    )


def _living_selves(customer: Customer) -> list[Customer]:
    return list(Customer.objects.filter(id__in=selves_of(customer), erased_at__isnull=True))
