"""Which natural person a customer is: limits per person stand on it."""

from typing import NamedTuple

from kaquan.customers.models import PersonBasis
from kaquan.foundation.encrypted_fields import blind_number


class Person(NamedTuple):
    """A number that stands for a person, and what it was made from."""

    person_id: int
    basis: PersonBasis


def person_of(*, number: str, phone: str | None, id_document: str | None) -> Person:
    """The person by identity document, else by phone, else as the customer alone.

    Only the number made from it is kept of a document. Values must be in their normal forms.
    """
    if id_document is not None:
        return Person(blind_number("id_document", id_document), PersonBasis.DOCUMENT)
    if phone is not None:
        return Person(blind_number("phone", phone), PersonBasis.PHONE)
    return Person(blind_number("customer_number", number), PersonBasis.NUMBER)
