"""A phone without a network, in a real Chromium: taken, kept over a reload, handed in once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from kaquan.foundation import clock
from kaquan.offline.granting import is_online_only
from kaquan.offline.models import Grant, JournalFault, OfflineUse
from kaquan.redemption import actions
from kaquan.redemption.actions import CodeUse
from kaquan.redemption.visits import Visit
from tests.builders.books import faults
from tests.builders.issuer import SYSTEM
from tests.counter.standing import signed_codes
from tests.counter.test_browser import Phone, begin, fits, phone, phones, uses_booked
from tests.fixtures_database import Database
from tests.offline.till import pick
from tools.screens.serving import hindrances

__all__ = ["phone", "phones"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("static_files")]
VECTORS = Path(__file__).parent.parent / "engine" / "vectors" / "signed.json"
READ = """async (vectors) => {
  const said = [];
  for (const {text, key_id, x} of vectors) {
    said.push(await kaquanCounter.signed.read(text, [{id: key_id, x}]));
  }
  return said;
}"""


PICK = """async ([grant, most]) => {
  const said = [];
  for (let serial = 0; serial < most; serial += 1) {
    said.push(await KaquanOffline.isOnlineOnly(grant, serial));
  }
  return said;
}"""


def use(page: Page, code: str) -> None:
    """Type a code, as a scanner does; these terms ask for nothing else."""
    page.get_by_label("或输入券码").fill(code)
    page.get_by_role("button", name="核销这个券码").click()


def fits_and_hinders_nobody(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    assert hindrances(page) == []
    for other in (1440, 390):
        page.set_viewport_size({"width": other, "height": 844})
        assert fits(page), other


def test_vouchers_are_taken_offline_survive_a_reload_and_are_handed_in_once(
    phone: Phone, database: Database
) -> None:
    codes = signed_codes()
    pick(0)
    page = begin(phone)
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.wait_for_function("async () => Boolean(await kaquanCounter.journal.kept('grant'))")
    phone.context.set_offline(True)

    use(page, codes[0])
    expect(page.get_by_role("heading", name="已离线核销")).to_be_visible()
    expect(page.locator("#result-says")).to_contain_text("¥20.00")
    fits_and_hinders_nobody(page, 1440)
    page.reload()
    expect(page.locator("[data-kaquan-pending]")).to_have_text("1 笔待上传")
    use(page, codes[0])
    expect(page.locator("#result-says")).to_contain_text("已在本机离线核销过")
    page.get_by_role("button", name="下一张").click()
    page.evaluate(
        "() => { const add = IDBObjectStore.prototype.add; IDBObjectStore.prototype.add = () =>"
        " { IDBObjectStore.prototype.add = add;"
        " throw new DOMException('full', 'QuotaExceededError'); }; }"
    )
    use(page, codes[1])
    expect(page.locator("#result-says")).to_contain_text("存储已满")
    page.get_by_role("button", name="下一张").click()
    use(page, codes[1])
    expect(page.get_by_role("heading", name="已离线核销")).to_be_visible()
    expect(page.locator("[data-kaquan-pending]")).to_have_text("2 笔待上传")
    page.get_by_role("button", name="下一张").click()
    takes_back_and_takes_again(page, codes[0])
    page.get_by_role("button", name="今日").click()
    expect(page.locator("#done li", has_text="待上传")).to_have_count(3)
    fits_and_hinders_nobody(page, 390)
    page.get_by_role("button", name="交班").click()
    expect(page.locator("#told")).to_contain_text("不能交班")
    assert uses_booked(database) == 0

    # Meanwhile somebody uses the second one elsewhere.
    visit = Visit(store_code=phone.terminal.store.organisation.code, amount_fen=5_000)
    asked = {"actor": SYSTEM, "visit": visit, "at": clock.now()}
    assert actions.redeem_codes(uses=[CodeUse(codes[1])], **asked).done
    hands_in_although_it_is_cut(phone, page)
    expect(page.locator("[data-kaquan-pending]")).to_be_hidden()
    expect(page.get_by_role("button", name="扫码核销")).to_be_visible()

    page.get_by_role("button", name="今日").click()
    expect(page.locator("#done li", has_text="已入账")).to_have_count(1)
    expect(page.locator("#done li", has_text="已登记")).to_have_count(1)
    undoes_what_was_handed_in(page)
    page.get_by_role("button", name="交班").click()
    expect(page.locator("#totals")).to_contain_text("其中冲突")
    assert uses_booked(database) == 2
    told = OfflineUse.objects.order_by("counter").values_list("verdict", "loss_fen", "reason")
    assert list(told) == [("undone", 0, ""), ("loss", 2_000, "voucher_used"), ("booked", 0, "")]
    assert not JournalFault.objects.exists()
    assert faults(database.connect) == []
    reads_the_vectors(page)
    picks_what_the_server_picks(page)


def undoes_what_was_handed_in(page: Page) -> None:
    """It is in the books by now, and is reversed there, as another was on the device."""
    expect(page.locator("#done li", has_text="已撤销")).to_have_count(1)
    page.get_by_role("button", name="撤销").click()
    page.get_by_role("dialog").get_by_role("button", name="撤销", exact=True).click()
    expect(page.locator("#result-lines")).to_contain_text("退回 ¥20.00")
    page.get_by_role("button", name="下一张").click()
    expect(page.locator("#done li", has_text="已撤销")).to_have_count(2)
    expect(page.get_by_role("button", name="撤销")).to_have_count(0)


def takes_back_and_takes_again(page: Page, code: str) -> None:
    """The first use, from today's list: it is a line of its own, and the voucher is good again."""
    page.get_by_role("button", name="今日").click()
    page.get_by_role("button", name="撤销").last.click()
    page.get_by_role("dialog").get_by_role("button", name="撤销", exact=True).click()
    expect(page.get_by_role("heading", name="已离线撤销")).to_be_visible()
    page.get_by_role("button", name="下一张").click()
    expect(page.locator("#done li", has_text="已撤销")).to_have_count(1)
    page.locator("#bar").get_by_role("button", name="核销", exact=True).click()
    use(page, code)
    expect(page.get_by_role("heading", name="已离线核销")).to_be_visible()
    expect(page.locator("[data-kaquan-pending]")).to_have_text("4 笔待上传")
    page.get_by_role("button", name="下一张").click()


def hands_in_although_it_is_cut(phone: Phone, page: Page) -> None:
    """The lines arrive and their answer does not: they wait on, and are sent again."""

    def swallow(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/counter/offline/sync", swallow, times=1)
    with page.expect_event("requestfailed", lambda one: "offline/sync" in one.url):
        phone.context.set_offline(False)
    assert OfflineUse.objects.count() == 3
    expect(page.locator("[data-kaquan-pending]")).to_have_text("4 笔待上传")
    page.wait_for_function(
        "async () => { await KaquanOffline.sync(); return !(await KaquanOffline.pending()); }"
    )


def picks_what_the_server_picks(page: Page) -> None:
    """Chance keeps the same serials online here and there."""
    grant = Grant(pk=7, pick_key=bytes(range(16)), online_percent=50)
    asked = [{"grant": 7, "pickKey": bytes(range(16)).hex(), "onlinePercent": 50}, 24]
    picked = page.evaluate(PICK, asked)
    assert picked == [is_online_only(grant, serial) for serial in range(24)]
    assert len(set(picked)) == 2


def reads_the_vectors(page: Page) -> None:
    """What Python wrote, the browser reads; and nothing that was altered."""
    vectors = json.loads(VECTORS.read_text("utf-8"))
    raw = [bytes.fromhex(one["public_key"]) for one in vectors]
    said = page.evaluate(
        READ,
        [
            {"text": text, "key_id": one["voucher"]["key_id"], "x": _base64url(key)}
            for one, key in zip(vectors, raw, strict=True)
            for text in (one["text"], one["text"].lower(), _other(one["text"]))
        ],
    )
    for index, one in enumerate(vectors):
        good, lower, bad = said[3 * index : 3 * index + 3]
        for name, field in (("serial", "serial"), ("value_fen", "valueFen"), ("issuer", "issuer")):
            assert good["claim"][field] == one["voucher"][name]
        assert lower == good
        assert bad == {"fault": "forged"}


def _other(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def _base64url(raw: bytes) -> str:
    import base64

    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
