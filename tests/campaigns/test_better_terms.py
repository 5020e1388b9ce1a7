"""Better terms for vouchers that are out: two people, the books at once, and nothing worse ever."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from kaquan.approvals.actions import decide
from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns import better_terms
from kaquan.campaigns.better_terms import BETTER_TERMS, ask_better_terms, current_terms
from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.commands import ReviseTerms
from kaquan.engine.rules.reading import read_terms, terms_bytes
from kaquan.engine.rules.terms import Terms
from kaquan.foundation import clock
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import raise_if_refused
from kaquan.ledger.door import close_door, submit
from kaquan.offers.actions import publish_version
from kaquan.offers.queries import newest_version
from kaquan.redemption.actions import CodeUse, redeem_codes
from kaquan.redemption.codes import new_code
from kaquan.redemption.visits import Visit
from kaquan.wallet.links import claim_by_link, create_link
from kaquan.wallet.vouchers import own_voucher, rules_of
from tests.builders.books import books, number
from tests.builders.issuer import SYSTEM, TERMS, a_number, a_store, an_organisation
from tests.campaigns.bettering import CHEAP, DEAR, a_batch, a_claimed_voucher, use
from tests.campaigns.stages import a_draft, batches_of, decided, maker
from tests.fixtures_database import Database
from tests.wallet.visiting import a_member

Connection = psycopg.Connection[Any]


@pytest.fixture(autouse=True)
def _own_door(database: Database) -> Any:
    yield
    close_door()


def asked(batch: CampaignBatch, terms: dict[str, Any] = CHEAP) -> ApprovalRequest:
    """Better terms are asked for."""
    return ask_better_terms(
        actor=maker(), batch_id=batch.id, terms=terms, reason="让利", at=clock.now()
    )


def as_now(batch: CampaignBatch) -> CampaignBatch:
    """As it stands."""
    return CampaignBatch.objects.select_related("offer_version").get(id=batch.id)


def refused(batch: CampaignBatch, terms: dict[str, Any]) -> KaquanError:
    """What somebody is told who asks for these."""
    with pytest.raises(KaquanError) as told:
        asked(batch, terms)
    return told.value


def test_once_somebody_else_agrees_a_voucher_that_is_out_is_good_for_more(
    connection: Connection,
) -> None:
    batch = a_batch()
    serial = a_claimed_voucher(batch)
    assert use(serial) == "ORDER_BELOW_MINIMUM"
    before = books(connection)

    request = asked(batch)
    assert books(connection) == before
    assert use(serial) == "ORDER_BELOW_MINIMUM"
    assert asked(batch).pk == request.pk
    decided(request)

    assert use(serial) == "DONE"
    now = as_now(batch)
    assert now.offer_version_id == request.content["offer_version_id"]
    assert now.offer_version.terms["scope"] == {"order_minimum_fen": 5_000}
    assert now.offer_version.used
    assert current_terms(SYSTEM, batch.id)[1] == 1
    (change,) = Change.objects.filter(verb="batches.better_terms")
    assert change.object_id == str(batch.id)
    assert (change.before["terms"], change.after["terms"]) == (DEAR, CHEAP)
    assert change.after["reason"] == "让利"


def test_what_somebody_claimed_on_their_phone_is_used_and_told_by_the_better_terms() -> None:
    batch, customer, store = a_batch(), a_member(), a_store(an_organisation("总部", None))
    link = create_link(
        actor=SYSTEM, batch_id=batch.id, name="地铁海报", channel="poster", quantity_max=None
    )
    serial = claim_by_link(customer=customer, token=link.token, once="a")

    def shown() -> str:
        return " ".join(
            rules_of(own_voucher(customer, serial, clock.now()).batch.offer_version, "zh")
        )

    def at_the_till() -> str:
        visit = Visit(store_code=store.organisation.code, order_no=a_number("A"), amount_fen=6_000)
        use = CodeUse(new_code(serial))
        return redeem_codes(actor=SYSTEM, uses=[use], visit=visit, at=clock.now()).code.name

    assert at_the_till() == "ORDER_BELOW_MINIMUM"
    assert "满100元" in shown()
    decided(asked(batch))

    assert "满50元" in shown()
    assert at_the_till() == "DONE"


def test_worse_terms_are_refused_with_each_field_and_what_to_do_and_move_nothing(
    connection: Connection,
) -> None:
    batch = a_batch()
    before = books(connection)
    bigger = {"kind": "amount_off", "amount_fen": 3_000}
    worse = {**DEAR, "benefit": bigger, "scope": {"order_minimum_fen": 20_000}}

    told = refused(batch, worse)

    assert told.code == "terms_not_better"
    assert "使用门槛：¥100.00 → ¥200.00" in told.zh
    assert "发布新版本" in told.zh
    assert "减免金额" not in told.zh
    assert "Minimum spend: ¥100.00 → ¥200.00" in told.en
    assert refused(batch, DEAR).code == "terms_unchanged"
    assert refused(batch, {"benefit": {}}).code == "terms_invalid"
    assert books(connection) == before
    assert not ApprovalRequest.objects.filter(kind=BETTER_TERMS).exists()


def test_a_plan_is_not_bettered_and_who_asks_does_not_decide(connection: Connection) -> None:
    planned = batches_of(a_draft())[0]
    assert refused(planned, CHEAP).code == "batch_planned"
    batch = a_batch()
    request = asked(batch)
    before = books(connection)

    with pytest.raises(KaquanError) as told:
        decide(
            maker(), request_id=request.pk, verdict="approve", comment="", revision=request.revision
        )

    assert told.value.code == "approval_own"
    assert books(connection) == before


def test_what_was_agreed_to_on_other_terms_than_there_are_by_now_is_not_done() -> None:
    batch = a_batch()
    first = asked(batch, CHEAP)
    terms = read_terms(CHEAP)
    assert isinstance(terms, Terms)
    revise = ReviseTerms(
        at=clock.now(), batch_id=batch.id, terms=terms_bytes(terms), expected_version=0
    )
    raise_if_refused(submit([revise], actor=SYSTEM))

    with pytest.raises(KaquanError) as told:
        decided(first)

    assert told.value.code == "terms_changed"
    first.refresh_from_db()
    assert first.state == "open"
    assert as_now(batch).offer_version_id == batch.offer_version_id


def test_an_approval_that_is_begun_again_after_the_books_have_it_books_nothing_twice(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch()
    request = asked(batch)
    whole = better_terms.raise_if_refused
    calls = iter(range(9))

    def fail_after_booking(outcomes: Any) -> None:
        whole(outcomes)
        if next(calls) == 1:
            raise ConnectionError

    monkeypatch.setattr(better_terms, "raise_if_refused", fail_after_booking)
    with pytest.raises(ConnectionError):
        decided(request)
    assert as_now(batch).offer_version_id == batch.offer_version_id

    decided(request)

    assert number(connection, "SELECT count(*) FROM ledger_terms") == 1
    assert as_now(batch).offer_version_id == request.content["offer_version_id"]


def test_bettering_an_older_version_leaves_the_newest_to_new_batches() -> None:
    batch = a_batch()
    offer = batch.offer_version.offer
    newest = publish_version(actor=SYSTEM, offer_id=offer.id, terms=TERMS, at=clock.now())

    decided(asked(batch))

    assert newest_version(SYSTEM, offer.code).id == newest.id
    assert as_now(batch).offer_version.is_aside
    again = a_batch()
    decided(asked(again))
    code = as_now(again).offer_version.offer.code
    assert newest_version(SYSTEM, code).id == as_now(again).offer_version_id
