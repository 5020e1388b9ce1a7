"""A bundle that is keyed twice on the console: blind, told by field, settled by the paper."""

from __future__ import annotations

import pytest
from django.test import Client

from kaquan.registration.models import Bundle, Keying, Slip
from kaquan.surfaces.console.kit.actions import new_name
from tests.api.world import Side
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database
from tests.registration.slips import a_side
from tests.registration.test_desk_screens import form

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def side(database: Database) -> Side:
    return a_side()


def opened(browser: Client) -> Bundle:
    asked = {"once": new_name(), "name": "双录", "slips": "1", "amount": "100", "double": "on"}
    browser.post(at("bundle-new"), asked)
    return Bundle.objects.get(name="双录")


def test_two_clerks_key_a_slip_and_a_third_settles_what_differs(side: Side) -> None:
    first, second, third = (a_browser(an_operator(side.organisation)) for _ in range(3))
    bundle = opened(first)
    desk = at("registration-entry", key=bundle.id)
    typed = form(side)

    once = first.post(desk, typed, follow=True).content.decode()
    own = first.post(desk, {**typed, "once": new_name()})
    blind = second.get(desk).content.decode()
    other = {**typed, "once": new_name(), "holder": "欧阳小", "amount": "10"}
    twice = second.post(desk, other, follow=True).content.decode()

    assert "已录第一遍" in once
    assert (own.status_code, "另一人" in own.content.decode()) == (409, True)
    assert "欧阳晓" not in blind
    assert "两遍录入不一致（持券人姓名、订单金额）" in twice
    keying = Keying.objects.order_by("id")[0]
    there = at("keying-settle", key=keying.id)
    page = third.get(there).content.decode()
    assert all(text in page for text in ("欧阳晓", "欧阳小", "¥100.00", "¥10.00"))
    assert "13800138123" not in page  # both keyed it alike

    unread = third.post(there, {"holder": "first", "amount": "other", "amount-other": "x"})
    unsaid = third.post(there, {"holder": "first", "amount": "other", "amount-other": ""})
    assert (unread.status_code, unsaid.status_code) == (409, 409)
    assert not Slip.objects.exists()
    third.post(there, {"holder": "first", "amount": "other", "amount-other": "100"})

    slip = Slip.objects.get()
    assert (slip.holder_name, slip.amount_fen, slip.state) == ("欧阳晓", 10_000, "registered")
    figures = third.get(at("keying-accuracy")).content.decode()
    assert "71.42%" in figures  # the second had two of seven fields otherwise
    first.post(at("bundle-action", key=bundle.id, action="close"), {"once": "c"})
    bundle.refresh_from_db()
    assert bundle.closed_at is not None


def test_a_keying_of_no_slip_is_withdrawn(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation))
    bundle = opened(browser)
    browser.post(at("registration-entry", key=bundle.id), form(side))
    keying = Keying.objects.get()

    done = browser.post(at("keying-action", key=keying.id, action="withdraw"), {"once": "w"})

    assert done.headers["Location"] == at("bundles")
    keying.refresh_from_db()
    assert (keying.withdrawn, keying.holder_name, keying.wrong_fields) == (True, None, ["number"])
    assert browser.get(at("keying", key=keying.id)).status_code == 404
