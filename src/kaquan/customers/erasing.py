"""The right to be forgotten: personal fields go, the books stay.

The ledger holds customer ids and no personal data, so nothing in it has to change. After an erasure
the row stands for nobody: its number, name, phone, tags and the person made from them are gone,
and so are its identities, notes and tasks. That it agreed to something, and who looked, stays: both
name nobody.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction

from kaquan.customers.actions import PERMISSION
from kaquan.customers.errors import (
    customer_erased,
    erasure_balance_unconfirmed,
    erasure_requested_already,
    erasure_unknown,
)
from kaquan.customers.keeping import keep
from kaquan.customers.models import Customer, ErasureRequest, ErasureState
from kaquan.customers.persons import person_of
from kaquan.customers.queries import customer_by_number
from kaquan.engine.money import format_yuan
from kaquan.foundation.actor import Actor, require
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.vouchers_of import balance_of

Forget = Callable[[int], None]
_FORGETTING: list[Forget] = []


def forgets_too(forget: Forget) -> None:
    """Let a capability above this one erase what it keeps of a customer, told by id, in the same
    transaction; called once, when its application is ready."""
    if forget not in _FORGETTING:
        _FORGETTING.append(forget)


def request_erasure(*, actor: Actor, number: str, at: datetime) -> ErasureRequest:
    """Note that a customer wants to be forgotten.

    Raises `customer_unknown`, `customer_erased`, `erasure_requested_already`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        customer = customer_by_number(actor, number, for_update=True)
        if customer.erased_at is not None:
            raise customer_erased(number)
        try:
            with transaction.atomic():
                return ErasureRequest.objects.create(
                    customer=customer, requested_at=at, requested_by=actor.id
                )
        except IntegrityError:
            raise erasure_requested_already(number) from None


def withdraw_erasure(*, actor: Actor, number: str, at: datetime) -> ErasureRequest:
    """The customer has thought better of it; raises `customer_unknown`, `erasure_unknown`."""
    require(actor, PERMISSION)
    with transaction.atomic():
        customer = customer_by_number(actor, number, for_update=True)
        return _end(_open_request(customer), ErasureState.WITHDRAWN, actor, at)


def erase_customer(
    *, actor: Actor, number: str, at: datetime, given_up_fen: int | None = None
) -> ErasureRequest:
    """Do what was requested, for good.

    ``given_up_fen`` is what is left on the customer's cards, as somebody was told and said again;
    None: who asks has settled that themselves. Raises `customer_unknown`, `erasure_unknown`,
    `erasure_balance_unconfirmed`.
    """
    require(actor, PERMISSION)
    with transaction.atomic():
        customer = customer_by_number(actor, number, for_update=True)
        request = _open_request(customer)
        if given_up_fen is not None:
            left_fen = balance_of(reading_session(), customer.id)
            if left_fen != given_up_fen:
                raise erasure_balance_unconfirmed(format_yuan(left_fen))
        customer.number = f"erased-{customer.id}"
        # One made from a phone could be made again from the phone, and so tell whose row it was.
        nobody = person_of(number=customer.number, phone=None, id_document=None)
        customer.person_id, customer.person_basis = nobody.person_id, nobody.basis
        customer.name = customer.phone = customer.phone_index = None
        customer.first_order_at = customer.merged_into = customer.merged_at = None
        customer.birthday = customer.birth_month = None
        customer.tags, customer.consents = [], []
        customer.erased_at = at
        customer.save()
        customer.merged.update(merged_into=None, merged_at=None)
        for personal in (customer.identities, customer.notes, customer.tasks):
            personal.all().delete()
        for forget in _FORGETTING:
            forget(customer.id)
        keep(actor, "customers.erase", customer)
        request.customer = customer
        return _end(request, ErasureState.DONE, actor, at)


def _open_request(customer: Customer) -> ErasureRequest:
    request = (
        customer.erasure_requests.filter(state=ErasureState.REQUESTED)
        .select_related("customer")
        .first()
    )
    if request is None:
        raise erasure_unknown(customer.number)
    return request


def _end(
    request: ErasureRequest, state: ErasureState, actor: Actor, at: datetime
) -> ErasureRequest:
    request.state, request.ended_at, request.ended_by = state, at, actor.id
    request.save(update_fields=["state", "ended_at", "ended_by"])
    return request
