"""What people do on screens happens once, is said, and is refused in words that help."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from kaquan.campaigns.models import Campaign, CampaignBatch
from kaquan.campaigns.queries import supplies_of
from kaquan.foundation.jobs.exports import path_of
from kaquan.foundation.jobs.models import Job, JobState
from kaquan.organisations.models import Store
from kaquan.redemption.codes import code_book
from kaquan.surfaces.console.kit.exports import KIND
from kaquan.surfaces.console.screens import write_list
from tests.api.trade import missing_code
from tests.api.world import Side
from tests.builders.books import books
from tests.builders.books import differing as changed
from tests.builders.issuer import an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


@pytest.fixture
def browser(side: Side) -> Client:
    return a_browser(an_operator(side.organisation))


def once_in(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def state_of(batch: CampaignBatch) -> str:
    return supplies_of([batch.id])[batch.id].state


def test_a_batch_is_paused_resumed_and_stopped(side: Side, browser: Client) -> None:
    batch = side.trade.by_code
    seen = []
    for action in ("pause", "resume", "stop"):
        address = at("batch-action", key=batch.id, action=action)
        question = browser.get(address).content.decode()
        assert batch.name in question
        assert batch.campaign.name in question
        answer = browser.post(address, {"reason": "核查", "once": once_in(question)}, follow=True)
        assert answer.status_code == 200
        assert batch.name in answer.content.decode()
        seen.append(state_of(batch))

    assert seen == ["paused", "running", "stopped"]


def test_a_form_that_is_sent_twice_mints_once(side: Side, browser: Client) -> None:
    batch = side.trade.by_code
    address = at("batch-mint", key=batch.id)
    once = once_in(browser.get(address).content.decode())
    before = supplies_of([batch.id])[batch.id].minted

    for _ in range(2):
        answer = browser.post(address, {"quantity": "1,000", "once": once})
        assert answer.status_code == 302

    assert supplies_of([batch.id])[batch.id].minted == before + 1_000


@pytest.mark.parametrize("quantity", ["0", "-1", "1e3", "十", "9" * 15, ""])
def test_an_impossible_quantity_is_refused_and_what_was_typed_stays(
    side: Side, browser: Client, database: Database, quantity: str
) -> None:
    batch = side.trade.by_code
    connection = database.connect()
    before = books(connection)

    answer = browser.post(at("batch-mint", key=batch.id), {"quantity": quantity})

    assert answer.status_code in (409, 422)
    assert f'value="{quantity}"' in answer.content.decode()
    assert changed(before, books(connection)) == set()


def test_a_pause_without_a_reason_is_refused_and_moves_nothing(side: Side, browser: Client) -> None:
    batch = side.trade.by_code

    answer = browser.post(at("batch-action", key=batch.id, action="pause"), {"reason": " "})

    assert answer.status_code == 422
    assert "请填写此项" in answer.content.decode()
    assert state_of(batch) == "running"


def test_a_bulk_action_names_what_it_is_about_and_says_what_was_refused(
    side: Side, browser: Client
) -> None:
    first, second = side.trade.by_code, side.trade.from_stock
    browser.post(at("batch-action", key=second.id, action="stop"), {"reason": "完"})
    chosen = {"chosen": [first.id, second.id]}
    page = browser.get(at("batches")).content.decode()
    (address,) = re.findall(r'formaction="([^"]+pause[^"]*)"', page)

    question = browser.post(address, chosen).content.decode()
    assert first.name in question
    assert second.name in question
    assert state_of(first) == "running"
    answer = browser.post(
        address, {**chosen, "confirmed": "yes", "reason": "查", "once": once_in(question)},
        follow=True,
    ).content.decode()  # fmt: skip

    assert state_of(first) == "paused"
    assert state_of(second) == "stopped"
    assert "已完成 1 项" in answer
    assert f"{second.name}: " in answer


def test_a_bulk_action_on_nothing_asks_for_rows(side: Side, browser: Client) -> None:
    address = at("batches-bulk", action="pause")

    for answer in (browser.post(address, {}, follow=True), browser.get(address, follow=True)):
        assert "请先选择几行" in answer.content.decode()


def test_a_campaign_is_added_and_changed(side: Side, browser: Client) -> None:
    form = {
        "code": "spring-27", "name": "春季 <b>拉新</b>", "kind": "拉新",
        "starts_at": "2027-03-01T00:00", "ends_at": "2027-04-01T00:00", "jurisdiction": "cn",
    }  # fmt: skip
    answer = browser.post(at("campaign-new"), form, follow=True)
    assert answer.status_code == 200
    assert "春季 &lt;b&gt;拉新&lt;/b&gt;" in answer.content.decode()
    campaign = Campaign.objects.get(code="spring-27")
    assert campaign.organisation_id == side.organisation.id

    again = browser.post(at("campaign-new"), form)
    assert again.status_code == 409
    assert "spring-27" in again.content.decode()

    days = {"starts_at": "2027-06-01T00:00", "ends_at": "2027-05-01T00:00"}
    wrong = {"name": "夏季", "jurisdiction": "cn"} | days
    refused = browser.post(at("campaign-edit", key=campaign.id), wrong)
    assert refused.status_code == 409
    assert 'value="夏季"' in refused.content.decode()
    campaign.refresh_from_db()
    assert campaign.name == form["name"]


def test_a_store_is_closed_for_now_and_opened_again(side: Side, browser: Client) -> None:
    for action, status in (("pause", "paused"), ("open", "open")):
        answer = browser.post(at("store-action", key=side.store.pk, action=action), {})
        assert answer.status_code == 302
        assert Store.objects.get(pk=side.store.pk).status == status


def test_a_voucher_is_found_by_its_code_and_frozen(side: Side, browser: Client) -> None:
    code = side.trade.code
    found = browser.post(at("voucher-search"), {"code": code.lower()})
    assert found.status_code == 302
    address = found.headers["Location"]
    assert code not in address
    key = int(address.rstrip("/").rsplit("/", 1)[1])
    assert code_book().encode(key) == code

    frozen = browser.post(
        at("voucher-action", key=key, action="freeze"), {"reason": "报失"}, follow=True
    ).content.decode()

    assert "报失" in frozen
    assert "已冻结" in frozen


@pytest.mark.parametrize("text", ["", "hello", "0000-0000-0000-0000-0000", missing_code])
def test_a_code_of_no_voucher_is_refused_in_words(
    side: Side, browser: Client, text: object
) -> None:
    code = text() if callable(text) else text

    answer = browser.post(at("voucher-search"), {"code": code})

    assert answer.status_code in (404, 422)
    assert 'class="form-fault"' in answer.content.decode() or "请填写此项" in (
        answer.content.decode()
    )


def test_a_customer_is_found_by_phone_and_stays_masked(side: Side, browser: Client) -> None:
    from kaquan.customers.actions import create_customer
    from tests.builders.issuer import staff_of

    create_customer(
        actor=staff_of(side.organisation), number="M-PHONE", name="欧阳娜娜", phone="13800138000"
    )

    page = browser.post(at("customer-search"), {"phone": "138 0013 8000"}).content.decode()
    wrong = browser.post(at("customer-search"), {"phone": "12"})

    assert "M-PHONE" in page
    assert "138****8000" in page
    assert "欧阳娜娜" not in page
    assert wrong.status_code == 422


def test_a_list_is_exported_within_the_scope_of_whoever_asked(side: Side, browser: Client) -> None:
    Side(an_organisation("别处", None)).trade.campaign.code  # noqa: B018  # it makes one
    own = side.trade.campaign
    Campaign.objects.filter(id=own.id).update(name="=1+1")

    answer = browser.post(at("campaigns"), {"query": "state=running"}, follow=True)
    assert "下载中心" in answer.content.decode()
    job = Job.objects.get(kind=KIND)
    from kaquan.foundation.jobs.actions import begin

    begun = begin(job.id)
    assert begun is not None
    write_list(begun)
    job.refresh_from_db()

    assert job.state == JobState.DONE
    sheet = path_of(job.id, job.file).read_text(encoding="utf-8-sig").splitlines()
    assert len(sheet) == 2
    assert own.code in sheet[1]
    assert sheet[1].startswith("'=1+1,")
    file = browser.get(at("job-file", key=job.id))
    assert file.getvalue().decode("utf-8-sig").splitlines() == sheet
    file.close()


def test_a_file_is_only_for_those_who_may_see_what_is_in_it(side: Side, browser: Client) -> None:
    browser.post(at("campaigns"), {"query": ""})
    job = Job.objects.get(kind=KIND)
    other = a_browser(an_operator(side.organisation, "jobs.view"))

    assert other.get(at("job-file", key=job.id)).status_code == 403


def test_a_bulk_action_on_a_foreign_row_does_nothing_to_any(side: Side, browser: Client) -> None:
    own = side.trade.by_code
    foreign = Side(an_organisation("别处", None)).trade.by_code
    form = {"chosen": [own.id, foreign.id], "confirmed": "yes", "reason": "查"}

    answer = browser.post(at("batches-bulk", action="pause"), form)

    assert answer.status_code == 404
    assert state_of(own) == state_of(foreign) == "running"


def test_someone_with_two_seats_acts_in_one_at_a_time(database: Database) -> None:
    from kaquan.staff.granting import grant_role
    from tests.builders.issuer import NOON, SYSTEM

    root = an_organisation("总部", None)
    east, west = Side(root), Side(root)
    codes = east.trade.campaign.code, west.trade.campaign.code
    user = an_operator(east.organisation)
    role = user.grants.get().role_id  # type: ignore[attr-defined]
    grant_role(
        actor=SYSTEM, user_id=user.id, role_code=role, organisation_id=west.organisation.id,
        at=NOON,
    )  # fmt: skip
    browser = a_browser(user)
    shown = []
    for side in (east, west, None):
        chosen = side.organisation.id if side else 0  # the whole tree is no seat of theirs
        browser.post(at("acting-in"), {"organisation": chosen})
        page = browser.get(at("campaigns")).content.decode()
        shown.append([code in page for code in codes])

    assert shown == [[True, False], [False, True], [False, True]]
