"""Draft terms are judged as a whole, and printed with the names that people know."""

import pytest

from kaquan.engine.rules.explain import printed_terms
from kaquan.foundation.errors import KaquanError
from kaquan.offers.actions import create_offer, publish_version
from kaquan.offers.models import Product
from kaquan.offers.queries import check_terms, names_in, terms_of, versions
from tests.builders.issuer import (
    NOON,
    SYSTEM,
    TERMS,
    a_number,
    a_store,
    an_organisation,
    staff_of,
)
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")


def test_every_fault_of_a_draft_is_told_at_once() -> None:
    check = check_terms(
        {
            "benefit": {"kind": "amount_off", "amount_fen": -1},
            "validity": {"range": {"kind": "fixed_range", "first_day": "soon"}},
            "surprise": 1,
        }
    )

    assert check.terms is None
    assert {fault.path for fault in check.faults} == {
        "benefit.amount_fen",
        "validity.range.first_day",
        "validity.range.last_day",
        "surprise",
    }


def test_sound_terms_that_look_unwise_come_with_warnings() -> None:
    check = check_terms(TERMS)

    assert check.terms is not None
    assert "limits" in {warning.path for warning in check.warnings}


def test_terms_are_printed_with_names_of_stores_and_goods(database: Database) -> None:
    root = an_organisation(a_number("总部"), None)
    store = a_store(root)
    Product.objects.create(sku="latte", name="拿铁")
    goods = {
        "kind": "exchange",
        "goods": {"skus": ["latte"]},
        "value_cap_fen": 4_000,
    }
    scope = {"stores": {"include": [store.organisation_id]}}
    terms = check_terms(TERMS | {"benefit": goods, "scope": scope}).terms
    assert terms is not None

    text = printed_terms(terms, "zh", names_in(SYSTEM, terms))

    assert "拿铁" in text
    assert store.organisation.name in text


def test_versions_are_listed_newest_first_and_only_within_ones_part() -> None:
    root = an_organisation(a_number("总部"), None)
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    first = create_offer(
        actor=staff_of(south), code=a_number("o-"), name="满减券", terms=TERMS, at=NOON
    )
    publish_version(actor=staff_of(south), offer_id=first.offer_id, terms=TERMS, at=NOON)

    found = versions(staff_of(south), first.offer_id)

    assert [version.number for version in found] == [2, 1]
    assert versions(SYSTEM, first.offer_id, before_number=2) == [first]
    assert terms_of(found[0]) == terms_of(first)
    with pytest.raises(KaquanError) as refused:
        versions(staff_of(north), first.offer_id)
    assert refused.value.code == "offer_unknown"
