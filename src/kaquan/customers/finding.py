"""Finding a customer by what somebody at work has of them; nobody is named in full."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from kaquan.customers import finders
from kaquan.customers.models import Customer
from kaquan.customers.phones import read_phone
from kaquan.customers.queries import VIEW, CustomerLine, line_of
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.encrypted_fields import blind_indexes
from kaquan.foundation.imports_cells import BadCellError
from kaquan.foundation.pinyin import may_be_typed
from kaquan.organisations.queries import within

FOUND_MAX = 50


def customers_found(actor: Actor, words: str, *, limit: int) -> Sequence[CustomerLine]:
    """Customers with this number, phone, end of a phone, name or initials of one, as many as asked
    for; in no order that tells anything."""
    require(actor, VIEW)
    words = words.strip()
    filed = _filed_under(words)
    wanted = Q(number=words)
    if filed:
        wanted |= Q(finders__overlap=filed)
    phone = _phone(words)
    if phone is not None:
        wanted |= Q(phone_index__in=blind_indexes("phone", phone))
    rows = within(actor, Customer.objects.select_related("merged_into"), "organisation")
    return [line_of(customer) for customer in rows.filter(wanted)[: min(limit, FOUND_MAX)]]


def _filed_under(words: str) -> list[int]:
    found: list[int] = []
    if len(words) == finders.TAIL_DIGITS and words.isascii() and words.isdigit():
        found += finders.finders_for(finders.TAIL, words)
    elif may_be_typed(words):
        found += finders.finders_for(finders.INITIALS, words.lower())
    if words:
        found += finders.finders_for(finders.NAME, words)
    return found


def _phone(words: str) -> str | None:
    try:
        return read_phone(words)
    except BadCellError:
        return None
