"""Paper on the console: from the print run to the customer, by the people of each place."""

from __future__ import annotations

import pytest
from django.test import Client

from kaquan.custody.models import CaseState, NoteState, PaperCase, TransferNote
from kaquan.redemption.codes import code_book
from kaquan.staff.models import StaffUser
from kaquan.surfaces.console.kit.actions import new_name
from tests.api.world import Side
from tests.builders.books import books, differing
from tests.builders.issuer import an_organisation
from tests.console.people import a_browser, an_operator, at
from tests.custody.paper import Paper
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")

MOVE = ("custody.view", "custody.move")
SUPPLY = (*MOVE, "custody.supply")


class People:
    """A browser of each place."""

    def __init__(self, paper: Paper) -> None:
        self.office = a_browser(an_operator(paper.head, *SUPPLY))
        self.second = a_browser(an_operator(paper.head, *SUPPLY))
        self.manager = a_browser(an_operator(paper.region, *MOVE))
        self.clerk = a_browser(an_operator(paper.shop, *MOVE))


def post(browser: Client, name: str, key: int | None = None, **typed: str) -> str:
    """Fill in a form; the page after it."""
    address = at(name) if key is None else at(name, key=key)
    answer = browser.post(address, {"once": new_name(), **typed}, follow=True)
    page: str = answer.content.decode()
    return page


def decide(browser: Client, case: PaperCase, action: str, **typed: str) -> str:
    address = at("paper-case-action", key=case.id, action=action)
    page: str = browser.post(address, {"once": new_name(), **typed}, follow=True).content.decode()
    return page


def test_paper_goes_from_the_printer_to_a_customer_by_forms_alone(database: Database) -> None:
    paper = Paper()
    people = People(paper)
    all_of_it = paper.range(0, 15)

    assert "已接收 16 张" in post(people.office, "paper-receive", **all_of_it)
    assert "激活：16 张" in post(people.office, "paper-act", act="activate", **all_of_it)
    sent = post(people.office, "paper-send", **paper.range(0, 7), target=paper.region.code)
    note = TransferNote.objects.get()
    assert "待 华东 签收" in sent
    form = people.manager.get(at("paper-sign", key=note.id)).content.decode()
    assert str(paper.first + 7) in form
    post(people.manager, "paper-sign", note.id, missing=f"{paper.first + 6}－{paper.first + 7}")
    note.refresh_from_db()
    assert note.state == NoteState.SIGNED
    assert paper.stock() == {
        (paper.head.id, "READY"): 8,
        (paper.region.id, "READY"): 6,
        (paper.head.id, "MISSING"): 2,
    }
    post(people.manager, "paper-send", **paper.range(0, 3), target=paper.shop.code)
    second = TransferNote.objects.get(source=paper.region)
    post(people.clerk, "paper-sign", second.id)
    assert "发放：1 张" in post(people.clerk, "paper-act", act="hand_out", first=paper.code(0))
    assert paper.where(0) == ("HANDED_OUT", paper.shop.id)

    found = people.clerk.post(at("paper-search"), {"first": paper.code(0)})
    assert found.headers["Location"] == at("paper-piece", key=paper.first)
    way = people.office.get(found.headers["Location"]).content.decode()
    assert all(word in way for word in ("印制", "激活", "发放", paper.shop.name, "另一方"))
    listed = people.office.get(at("paper")).content.decode()
    assert all(word in listed for word in ("总部", "华东", paper.shop.name, "短少", "在库可用"))
    assert "总部" not in people.clerk.get(at("paper")).content.decode().partition("<main")[2]
    before = people.office.get(at("paper") + "?day=2026-01-01").content.decode()
    assert f"/paper/{paper.batch.id}/" not in before


def test_missing_paper_is_settled_by_two_people_on_screen(database: Database) -> None:
    paper = Paper()
    paper.ready()
    people = People(paper)
    typed = {"act": "missing", **paper.range(0, 4), "reason": "盘点"}
    assert "登记短少：5 张" in post(people.office, "paper-act", **typed)
    case = PaperCase.objects.get()
    assert "预警" in people.office.get(at("paper-cases") + "?alerts=on").content.decode()
    decide(people.office, case, "propose", verdict="find", reason="在抽屉里")
    assert "说明人不能自己复核" in decide(people.office, case, "close")
    case.refresh_from_db()
    assert case.state == CaseState.PROPOSED
    assert "已结案并入账" in decide(people.second, case, "close")
    assert paper.stock() == {(paper.head.id, "READY"): 16}


def test_what_is_typed_wrong_stays_and_moves_nothing(database: Database) -> None:
    paper = Paper()
    paper.ready()
    people = People(paper)
    with database.connect() as connection:
        before = books(connection)
        for browser, name, typed, told in (
            (people.office, "paper-act", {"act": "hand_out", "first": "99"}, "首尾两张"),
            (people.office, "paper-act", {"act": "hand_out", "first": "ABCD"}, "券码格式"),
            (people.clerk, "paper-act", {"act": "hand_out", **paper.range(0, 1)}, "同一处"),
            (people.office, "paper-send", {**paper.range(0, 1), "target": "没有"}, "没有"),
            (people.office, "paper-search", {"first": str(paper.first + 17)}, "不是您这里"),
        ):
            answer = browser.post(at(name), {"once": new_name(), **typed})
            page = answer.content.decode()
            assert answer.status_code == 409, (name, typed)
            assert told in page
            assert f'value="{typed["first"]}"' in page
        assert differing(before, books(connection)) == set()


def test_a_print_run_is_counted_as_paper_once(database: Database) -> None:
    side = Side(an_organisation("总部", None))
    run = side.trade.print_run
    user: StaffUser = an_operator(side.organisation)
    browser = a_browser(user)
    address = at("print-run-action", key=run.id, action="count")
    assert "印制单" in browser.get(address).content.decode()
    for _time in range(2):
        done = browser.post(address, {"once": new_name()}, follow=True)
        assert "已纳入纸券保管" in done.content.decode()
    first, quantity = run.ranges[0]
    page = browser.get(at("paper-piece", key=first)).content.decode()
    assert "在印厂" in page
    assert quantity == 2
    code = code_book().encode(first)
    assert code not in page
