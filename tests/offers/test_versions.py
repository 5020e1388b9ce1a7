"""What was promised stays promised."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connections, transaction

from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms
from kaquan.foundation.errors import KaquanError
from kaquan.offers.actions import create_offer, mark_version_used, publish_version
from kaquan.offers.models import Offer, OfferVersion
from kaquan.offers.queries import newest_version, offer_by_code, offers, terms_of, version_by_id
from tests.builders.issuer import NOON, SYSTEM, TERMS, a_version, an_organisation, staff_of
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")

OTHER_TERMS: dict[str, Any] = TERMS | {"benefit": {"kind": "amount_off", "amount_fen": 5_000}}


def test_terms_come_back_as_they_were_given() -> None:
    version = a_version(TERMS)

    assert terms_of(version_by_id(SYSTEM, version.id)) == read_terms(dict(TERMS))


@pytest.mark.parametrize("as_typed", [True, False])
def test_terms_may_be_given_typed_or_as_json(*, as_typed: bool) -> None:
    terms = read_terms(dict(TERMS))
    assert isinstance(terms, Terms)

    given = terms if as_typed else dict(TERMS)
    version = create_offer(actor=SYSTEM, code="o", name="券", terms=given, at=NOON)

    assert terms_of(version) == terms


def test_each_publication_is_the_next_version() -> None:
    first = a_version()

    second = publish_version(actor=SYSTEM, offer_id=first.offer_id, terms=OTHER_TERMS, at=NOON)

    assert (first.number, second.number) == (1, 2)
    assert newest_version(SYSTEM, first.offer.code) == second
    assert terms_of(first) != terms_of(second)


def test_faulty_terms_are_refused_with_every_fault_and_no_offer_is_left() -> None:
    terms = {"benefit": {"kind": "amount_off", "amount_fen": -1}, "validity": {}, "colour": 1}

    with pytest.raises(KaquanError) as refused:
        create_offer(actor=SYSTEM, code="o", name="券", terms=terms, at=NOON)

    assert refused.value.code == "terms_invalid"
    for place in ("benefit.amount_fen", "validity", "colour"):
        assert place in refused.value.zh
        assert place in refused.value.en
    assert not Offer.objects.exists()


@pytest.mark.parametrize("terms", [b"", b"\xff\xfe", b"[" * 100_000, {"a": "\ud800"}])
def test_terms_that_are_no_terms_at_all_are_refused(terms: Any) -> None:
    with pytest.raises(KaquanError) as refused:
        create_offer(actor=SYSTEM, code="o", name="券", terms=terms, at=NOON)

    assert refused.value.code == "terms_invalid"


def test_an_offer_code_is_given_once() -> None:
    create_offer(actor=SYSTEM, code="o", name="券", terms=TERMS, at=NOON)

    with pytest.raises(KaquanError) as refused:
        create_offer(actor=SYSTEM, code="o", name="另一种", terms=OTHER_TERMS, at=NOON)

    assert refused.value.code == "offer_exists"
    assert OfferVersion.objects.count() == 1


CHANGES = [
    "update offers_offerversion set terms = '{}'",
    "update offers_offerversion set used = false",
    "update offers_offerversion set number = 9",
    "delete from offers_offerversion",
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ["app", "owner"])
def test_nobody_changes_a_used_version(database: Database, role: str, change: str) -> None:
    version = mark_version_used(actor=SYSTEM, version_id=a_version().id)
    before = OfferVersion.objects.values_list().get()
    session = database.connect(database.app_url if role == "app" else database.owner_url)

    with pytest.raises(psycopg.errors.IntegrityError, match="is in use"):
        session.execute(change)

    assert OfferVersion.objects.values_list().get() == before
    assert version.used


def test_our_own_models_are_refused_as_well() -> None:
    version = mark_version_used(actor=SYSTEM, version_id=a_version().id)
    version.terms = {}

    for change in (version.save, version.delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


@pytest.mark.parametrize("change", CHANGES)
def test_an_unused_version_may_still_change(database: Database, change: str) -> None:
    a_version()

    assert database.connect().execute(change).rowcount == 1


def test_marking_a_used_version_again_is_fine() -> None:
    version = a_version()

    for _ in range(2):
        assert mark_version_used(actor=SYSTEM, version_id=version.id).used


def test_publications_at_once_get_numbers_of_their_own() -> None:
    offer_id = a_version().offer_id

    def publish(_: int) -> int:
        try:
            return publish_version(
                actor=SYSTEM, offer_id=offer_id, terms=OTHER_TERMS, at=NOON
            ).number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as people:
        numbers = sorted(people.map(publish, range(8)))

    assert numbers == list(range(2, 10))


def test_everyone_sees_and_changes_the_offers_of_their_part_only() -> None:
    root = an_organisation("总部", None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    mine = create_offer(actor=staff_of(north), code="n", name="券", terms=TERMS, at=NOON)
    theirs = create_offer(actor=staff_of(south), code="s", name="券", terms=TERMS, at=NOON)
    actor = staff_of(north)

    assert [offer.code for offer in offers(actor)] == ["n"]
    assert [offer.code for offer in offers(SYSTEM)] == ["n", "s"]
    assert version_by_id(actor, mine.id) == mine
    for attempt in (
        lambda: offer_by_code(actor, "s"),
        lambda: newest_version(actor, "s"),
        lambda: mark_version_used(actor=actor, version_id=theirs.id),
        lambda: publish_version(actor=actor, offer_id=theirs.offer_id, terms=TERMS, at=NOON),
    ):
        with pytest.raises(KaquanError) as refused:
            attempt()
        assert refused.value.code == "offer_unknown"
    assert not OfferVersion.objects.filter(used=True).exists()
