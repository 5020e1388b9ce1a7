"""Member cards: read back as their member, and nobody writes one for a number they guessed."""

from __future__ import annotations

import pytest

from kaquan.customers.actions import create_customer
from kaquan.customers.merging import merge_customers
from kaquan.engine import ndef
from kaquan.foundation import keys
from kaquan.foundation.changes.models import Change
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.wallet import member_cards
from tests.builders.issuer import SYSTEM, an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.wallet.visiting import a_member

pytestmark = pytest.mark.usefixtures("database", "static_files")


def refusal(payload: bytes | str) -> str:
    with pytest.raises(KaquanError) as refused:
        member_cards.read(payload)
    return refused.value.code


def test_a_card_is_read_as_its_member_in_whole_or_as_its_text() -> None:
    customer = a_member()
    message = member_cards.issue(actor=SYSTEM, customer_id=customer.id)
    text = ndef.card_of(ndef.decode(message)[0])

    assert [member_cards.read(one).id for one in (message, text, text.encode())] == [
        customer.id
    ] * 3


def test_a_card_for_a_guessed_number_or_of_something_else_is_none() -> None:
    one, other = a_member(), a_member()
    text = member_cards.payload_of(one.number)
    tag = text.rpartition(".")[2]

    for forged in (
        one.number,
        f"{one.number}.",
        f"{other.number}.{tag}",
        f"{text}0",
        member_cards.payload_of("unknown"),
        "x" * 5_000,
        "",
        b"\xff\x00",
        ndef.encode([ndef.uri_record("https://coupons.example/")]),
        ndef.encode([ndef.card_record(text), ndef.card_record(text)]),
    ):
        assert refusal(forged) == "member_card_unknown", forged


def test_a_merged_members_card_is_the_others_and_a_rotated_key_reads_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = a_member(), a_member()
    card = member_cards.issue(actor=SYSTEM, customer_id=one.id)
    merge_customers(actor=SYSTEM, number=one.number, into_number=other.number)
    ring = keys.load(current_configuration().key_file).all("code-tag")
    younger = keys.Key(ring[0].key_id + 1, b"n" * 32)

    monkeypatch.setattr(member_cards, "_keys", lambda: (younger, *ring))

    assert member_cards.read(card).id == other.id
    assert member_cards.payload_of(one.number).encode() not in card
    with monkeypatch.context() as lost:
        lost.setattr(member_cards, "_keys", lambda: (younger,))
        assert refusal(card) == "member_card_unknown"


def test_the_console_makes_a_card_by_its_form_and_writes_that_down() -> None:
    office = an_organisation("总部", None)
    customer = create_customer(actor=SYSTEM, number="M-100", organisation_id=office.id)
    browser = a_browser(an_operator(office))
    address = at("customer-card", key=customer.id)

    page = browser.get(address)
    assert customer.number in page.content.decode()
    assert not Change.objects.filter(verb="customers.card").exists()
    card = browser.post(address)

    assert member_cards.read(card.content).id == customer.id
    assert Change.objects.filter(verb="customers.card").count() == 1
    elsewhere = a_browser(an_operator(an_organisation("华南", None)))
    assert elsewhere.post(address).status_code == 404
    assert Change.objects.filter(verb="customers.card").count() == 1
