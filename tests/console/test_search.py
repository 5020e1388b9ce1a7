"""One search for everything: by what somebody has in hand, within their part, naming nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from django.test import Client

from kaquan.customers.actions import create_customer, update_customer
from kaquan.customers.erasing import erase_customer, request_erasure
from kaquan.customers.finding import customers_found
from kaquan.customers.imports import CUSTOMERS
from kaquan.customers.models import Customer
from kaquan.foundation.pinyin import initials
from kaquan.redemption.codes import code_book
from kaquan.redemption.models import Order
from tests.api.world import Side
from tests.builders.issuer import NOON, SYSTEM, a_number, an_organisation, import_rows, staff_of
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")
PHONE = "13800005678"


@pytest.fixture
def sides(database: Database) -> tuple[Side, Side]:
    """Somebody else's part of the organisation, and one's own."""
    root = an_organisation("总部", None)
    return Side(root), Side(root)


def found(browser: Client, words: str) -> dict[str, list[tuple[str, str]]]:
    """What the search shows: for each group the titles and notes."""
    answer = browser.post(at("search"), {"words": words})
    assert answer.status_code == 200
    page = answer.content.decode()
    groups = re.findall(r'<section class="card found" aria-label="([^"]+)">(.*?)</section>', page)
    one = re.compile(r'found-name">([^<]*)</span> <span class="note-inline">([^<]*)<')
    return {title: one.findall(body) for title, body in groups}


def in_hand(side: Side) -> Mapping[str, tuple[str, str]]:
    """What somebody may have of a side's things, and the group that it is found in."""
    trade = side.trade
    customer = create_customer(
        actor=staff_of(side.organisation), number=a_number("M"), name="欧阳晓", phone=PHONE
    )
    order = Order.objects.create(
        order_no=a_number("PO-"), store=side.store, ordered_at=NOON, total_fen=1_234
    )
    return {
        "code": (trade.code, "券"),
        "serial": (str(trade.first_serial), "券"),
        "number": (customer.number, "客户"),
        "phone": (PHONE, "客户"),
        "phone tail": (PHONE[-4:], "客户"),
        "name": ("欧阳晓", "客户"),
        "initials of a name": ("oyx", "客户"),
        "campaign": ("春季", "活动"),
        "initials of a campaign": ("cjlx", "活动"),
        "campaign's code": (trade.campaign.code, "活动"),
        "batch": (trade.by_code.name, "批次"),
        "store's code": (side.store.organisation.code, "组织和门店"),
        "order": (order.order_no, "订单"),
    }


def test_everything_is_found_by_what_somebody_has_in_hand(sides: tuple[Side, Side]) -> None:
    _, ours = sides
    browser = a_browser(an_operator(ours.organisation))

    missing = {
        what: words
        for what, (words, group) in in_hand(ours).items()
        if not found(browser, words).get(group)
    }

    assert missing == {}


def test_nothing_of_others_is_found(sides: tuple[Side, Side]) -> None:
    theirs, ours = sides
    browser = a_browser(an_operator(ours.organisation))

    shown = []
    for what, (words, group) in in_hand(theirs).items():
        groups = found(browser, words)
        if what == "serial":  # its few digits may stand in a name of ours
            groups = {group: groups[group]} if group in groups else {}
        shown += [(what, groups)] if groups else []

    assert shown == []


def test_nobody_is_named_in_full_and_nothing_stands_in_an_address(
    sides: tuple[Side, Side],
) -> None:
    _, ours = sides
    browser = a_browser(an_operator(ours.organisation))
    in_hand(ours)

    page = browser.post(at("search"), {"words": PHONE}).content.decode()

    shown = re.sub(r'<form id="find".*?</form>', "", page, flags=re.S)
    assert "138****5678" in shown
    assert "欧*" in shown
    assert PHONE not in shown
    assert "欧阳晓" not in shown
    assert 'method="post"' in re.search(r'<form id="find"[^>]*>', page)[0]  # type: ignore[index]


def test_only_kinds_that_one_may_see_are_looked_for(sides: tuple[Side, Side]) -> None:
    _, ours = sides
    browser = a_browser(an_operator(ours.organisation, "campaigns.view"))

    shown = {group for words, _ in in_hand(ours).values() for group in found(browser, words)}

    assert shown == {"活动", "批次"}


@pytest.mark.parametrize("words", ["", "   ", "\0", "%", "_", "'", "x" * 500, "１２３４", "9" * 12])
def test_words_that_mean_nothing_find_nothing_and_break_nothing(
    sides: tuple[Side, Side], words: str
) -> None:
    _, ours = sides
    in_hand(ours)
    browser = a_browser(an_operator(ours.organisation))

    assert found(browser, words).get("客户", []) == []


def test_finders_follow_the_person_through_changes_imports_and_erasure(
    database: Database,
) -> None:
    create_customer(actor=SYSTEM, number="M1", name="张三", phone="13900001111")
    import_rows(CUSTOMERS, [{"number": "M2", "name": "李四", "phone": "13900002222"}])
    update_customer(actor=SYSTEM, number="M1", name="王五", phone="13900003333")
    import_rows(CUSTOMERS, [{"number": "M2", "name": "赵六"}])

    def numbers(words: str) -> list[str]:
        return sorted(one.number for one in customers_found(SYSTEM, words, limit=10))

    looked_for = ("张三", "1111", "王五", "3333", "ww", "李四", "2222", "赵六", "zl")
    assert [numbers(words) for words in looked_for] == [
        [], [], ["M1"], ["M1"], ["M1"], [], ["M2"], ["M2"], ["M2"]
    ]  # fmt: skip

    request_erasure(actor=SYSTEM, number="M1", at=NOON)
    erase_customer(actor=SYSTEM, number="M1", at=NOON)
    assert [numbers(words) for words in ("王五", "3333", "ww")] == [[], [], []]
    assert Customer.objects.get(erased_at__isnull=False).finders == []


def test_a_table_that_was_stolen_names_nobody(database: Database) -> None:
    create_customer(actor=SYSTEM, number="M1", name="张三", phone="13900001111")

    row = database.connect().execute("SELECT * FROM customers_customer").fetchone()

    assert row is not None
    cells = [one for cell in row for one in (cell if isinstance(cell, list) else [cell])]
    text = " ".join(cell for cell in cells if isinstance(cell, str))
    assert "张三" not in text
    assert "1111" not in text
    assert "zs" not in text
    sealed = b" ".join(cell for cell in cells if isinstance(cell, bytes))
    assert "张三".encode() not in sealed
    assert b"13900001111" not in sealed
    # Keyed numbers have any digits; what none of them is, is one that somebody could read.
    assert not {1_111, 13_900_001_111} & {cell for cell in cells if isinstance(cell, int)}


@pytest.mark.parametrize(
    ("words", "typed"),
    [("北京朝阳店", "bjcyd"), ("重庆", "cq"), ("长沙", "cs"), ("7-11 便利店", "711bld"), ("", "")],
)
def test_words_are_heard_as_people_type_them(words: str, typed: str) -> None:
    assert initials(words) == typed


def test_a_code_of_a_voucher_that_was_never_minted_finds_nothing(sides: tuple[Side, Side]) -> None:
    _, ours = sides
    browser = a_browser(an_operator(ours.organisation))

    assert found(browser, code_book().encode(2**37)) == {}
