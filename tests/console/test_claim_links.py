"""A claim link is made, closed and printed on the console; each file leads to its page."""

from __future__ import annotations

import re

import pypdfium2
import pytest
import zxingcpp

from kaquan.engine import ndef
from kaquan.surfaces.console.kit.actions import new_name
from kaquan.wallet.models import ClaimLink
from tests.api.world import Side
from tests.builders.issuer import an_organisation
from tests.console.claim_links import a_claim_link
from tests.console.people import a_browser, an_operator, at
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("static_files")


@pytest.fixture
def side(database: Database) -> Side:
    return Side(an_organisation("总部", None))


def test_a_link_is_made_closed_and_opened_again(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation))
    typed = {"name": "地铁海报", "batch": str(side.trade.from_stock.id), "channel": "metro"}

    done = browser.post(at("claim-link-new"), {"once": new_name(), **typed, "quantity": "1,000"})
    link = ClaimLink.objects.get()
    assert done.headers["Location"] == at("claim-link", key=link.id)
    assert (link.channel, link.quantity_max) == ("metro", 1_000)
    for action, active in (("close", False), ("open", True)):
        question = at("claim-link-action", key=link.id, action=action)
        assert browser.post(question, {"once": new_name()}).status_code == 302
        link.refresh_from_db()
        assert link.active is active


def test_poster_picture_and_tag_lead_to_the_claim_page(side: Side) -> None:
    browser = a_browser(an_operator(side.organisation))
    link = a_claim_link(side)
    page = browser.get(at("claim-link", key=link.id)).content.decode()
    address = re.findall(r'href="(http://[^"]+/w/c/\w+)"', page)[0]

    def file(form: str) -> bytes:
        answer = browser.get(at("claim-link-file", key=link.id, form=form))
        assert answer.status_code == 200
        return answer.content

    poster = pypdfium2.PdfDocument(file("poster"))
    drawn = poster[0].render(scale=2).to_pil()
    words = poster[0].get_textpage().get_text_range()
    poster.close()

    assert [one.text for one in zxingcpp.read_barcodes(drawn)] == [address]
    assert "微信扫一扫领取" in words  # with a font of its own, whatever the printer has
    assert address in words
    assert ndef.uri_of(ndef.decode(file("tag"))[0]) == address
    assert file("drawing").startswith(b"<svg")
    assert file("picture").startswith(b"\x89PNG")
    assert browser.get(at("claim-link-file", key=link.id, form="other")).status_code == 404
