"""What goes over the wire for each call, and what comes back of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kaquan_client import (
    Client,
    LineReturn,
    Order,
    OrderLine,
    Unreachable,
    VoucherUse,
    commands,
    new_key,
)
from kaquan_client.requests import checked_key
from tests.client.conftest import API_KEY, Driven
from tests.client.scripted import Drop, Reply, Script, answer, problem

LINE = OrderLine(line_id="1", sku="latte", quantity=2, amount_fen=6_000)
LINE_SENT = {"line_id": "1", "sku": "latte", "quantity": 2, "amount_fen": 6_000}

Given = tuple[tuple[Any, ...], dict[str, Any]]


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        (
            "validate",
            ((["N6W5"],), {"store": "S001", "order": Order("A1", (LINE,)), "best": True}),
            (
                "/validations",
                {
                    "vouchers": [{"code": "N6W5"}],
                    "store": "S001",
                    "order": {"order_no": "A1", "lines": [LINE_SENT]},
                    "best": True,
                },
            ),
        ),
        (
            "look_up",
            (("N6W5",), {"customer": "M1"}),
            ("/lookups", {"code": "N6W5", "customer": "M1"}),
        ),
        (
            "claim",
            ((7,), {"customer": "M0001", "channel": "app"}),
            ("/claims", {"batch_id": 7, "customer": "M0001", "channel": "app"}),
        ),
        (
            "redeem",
            (
                ([VoucherUse("N6W5", 500), VoucherUse("QRST", uses=2)],),
                {"customer": "M0001", "store": "S001", "terminal": "T1"},
            ),
            (
                "/redemptions",
                {
                    "vouchers": [{"code": "N6W5", "amount_fen": 500}, {"code": "QRST", "uses": 2}],
                    "customer": "M0001",
                    "store": "S001",
                    "terminal": "T1",
                },
            ),
        ),
        (
            "reverse",
            (("R6001007",), {"lines": [LineReturn("1", 1)], "reason": "退货"}),
            (
                "/redemptions/R6001007/reversals",
                {"lines": [{"line_id": "1", "quantity": 1}], "reason": "退货"},
            ),
        ),
        (
            "reverse",
            (("R/../x",), {"amount_fen": 1}),
            ("/redemptions/R%2F..%2Fx/reversals", {"amount_fen": 1}),
        ),
        (
            "hold",
            ((["N6W5"],), {"expires_in_s": 60}),
            ("/holds", {"vouchers": [{"code": "N6W5"}], "expires_in_s": 60}),
        ),
        ("redeem_hold", (("H6001007",), {}), ("/holds/H6001007/redeem", {})),
        (
            "redeem_hold",
            (("H6001007",), {"terminal": "T1"}),
            ("/holds/H6001007/redeem", {"terminal": "T1"}),
        ),
        ("release_hold", (("H6001007",), {}), ("/holds/H6001007/release", {})),
        (
            "submit",
            (
                (
                    [
                        commands.Freeze(code="N6W5", reason="查", link=1),
                        commands.Settle(hold="H1", key="k"),
                    ],
                ),
                {},
            ),
            (
                "/commands",
                {
                    "commands": [
                        {"do": "freeze", "code": "N6W5", "reason": "查", "link": 1},
                        {"do": "settle", "hold": "H1", "key": "k"},
                    ]
                },
            ),
        ),
    ],
)
def test_a_call_sends_what_was_given_and_nothing_else(
    client: Driven, script: Script, name: str, given: Given, wanted: tuple[str, Any]
) -> None:
    (arguments, named), (path, body) = given, wanted
    script.will(
        answer(
            {
                "code": "done",
                "redemption": "R1",
                "reversal": "V1",
                "hold": "H1",
                "expires_at": "2026-11-27T12:00:00Z",
                "valid": True,
                "state": "live",
                "usable": True,
                "voucher": {"serial": 7},
                "outcomes": [],
                "from_the_future": [1],
            }
        )
    )

    client.do(name, *arguments, **named)

    (asked,) = script.asked
    assert asked.path == f"/api/v1{path}"
    assert asked.method == "POST"
    assert asked.json == body
    assert asked.headers["authorization"] == f"Bearer {API_KEY}"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["accept-language"] == "zh-CN"
    assert ("idempotency-key" in asked.headers) == (name not in ("validate", "look_up"))


def test_answers_are_typed(client: Driven, script: Script) -> None:
    script.will(
        answer(
            {
                "code": "done",
                "redemption": "R6001007",
                "discount_fen": 2_000,
                "vouchers": [
                    {
                        "serial": 17,
                        "batch_id": 3,
                        "state": "used",
                        "discount_fen": 2_000,
                        "allocation": [1_200, 800],
                        "valid_until": "2027-01-01T00:00:00+08:00",
                    }
                ],
            }
        )
    )

    done = client.do("redeem", ["N6W5"])

    (voucher,) = done.vouchers
    assert (voucher.serial, voucher.allocation) == (17, (1_200, 800))
    assert voucher.valid_until == datetime(2026, 12, 31, 16, tzinfo=UTC)


def test_outcomes_of_many_commands_are_done_or_say_why_not(client: Driven, script: Script) -> None:
    refused = problem(409, "voucher_used")
    script.will(
        Reply(body=b'{"outcomes":[{"code":"done","redemption":"R1"},' + refused.body + b"]}")
    )

    outcomes = client.do("submit", [commands.Expire(code="a"), commands.Expire(code="b")]).outcomes

    first, second = outcomes
    assert first.done
    assert first.problem is None
    assert not second.done
    assert second.problem.code == "voucher_used"
    assert second.problem.remedy == "还差 ¥8.00"


def test_a_list_is_read_page_by_page_and_no_further_than_asked(
    client: Driven, script: Script
) -> None:
    script.will(
        answer({"items": [{"n": 1}, {"n": 2}], "next_cursor": "c+/="}),
        Drop(),
        answer({"items": [], "next_cursor": "d"}),
        answer({"items": [{"n": 3}], "next_cursor": None}),
    )

    items = client.take(9, "list_all", "/customers", dict[str, int], {"tag": ["vip", "新"]})

    assert items == [{"n": 1}, {"n": 2}, {"n": 3}]
    paths = [one.path for one in script.asked]
    assert paths[0] == "/api/v1/customers?tag=vip&tag=%E6%96%B0&limit=100"
    assert paths[1] == paths[2] == paths[0] + "&cursor=c%2B%2F%3D"
    assert script.keys == [None] * 4

    script.will(answer({"items": [{"n": 1}, {"n": 2}], "next_cursor": "more"}))
    assert client.take(1, "list_all", "/customers", dict[str, int]) == [{"n": 1}]
    assert len(script.asked) == 5


def test_management_calls_that_change_something_carry_a_key(client: Driven, script: Script) -> None:
    script.will(*[answer({"id": 1})] * 4, Reply(204, b""))

    assert client.do("get", "/customers/M1", dict) == {"id": 1}
    for name in ("post", "put", "patch"):
        client.do(name, "/customers/M1", {"name": "王"}, dict)
    assert client.do("delete", "/customers/M1", type(None)) is None

    assert [one.method for one in script.asked] == ["GET", "POST", "PUT", "PATCH", "DELETE"]
    assert script.keys[0] is None
    assert all(script.keys[1:])


def test_events_are_read_in_pages_from_a_position(client: Driven, script: Script) -> None:
    event = {"id": "1-0-0", "type": "batch.minted", "at": "2026-11-27T04:00:00Z", "batch_id": 7}
    script.will(answer({"items": [event], "next_cursor": None, "position": "p1"}))

    page = client.do("read_events", "p0", parameters={"batch_ids": [7, 8]})

    assert (page.items[0].batch_id, page.position) == (7, "p1")
    assert script.asked[0].path == ("/api/v1/events?batch_ids=7&batch_ids=8&limit=100&cursor=p0")


def test_new_keys_are_all_different_and_may_travel_in_a_header() -> None:
    keys = {new_key() for _ in range(1_000)}

    assert len(keys) == 1_000
    assert all(checked_key(key) == key for key in keys)


@pytest.mark.parametrize("key", ["", "a b", "键", "k" * 256, "a\n", "a\0"])
def test_a_key_that_cannot_travel_is_refused_before_anything_is_sent(
    client: Driven, script: Script, key: str
) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        client.do("redeem", ["N6W5"], key=key)

    assert script.asked == []


@pytest.mark.parametrize("number", [0, 1_001])
def test_no_more_commands_are_sent_than_the_server_takes(
    client: Driven, script: Script, number: int
) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        client.do("submit", [commands.Expire(code="a")] * number)

    assert script.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://kaquan.example",
        "http://10.0.0.7:8700",
        "ftp://localhost",
        "kaquan.example",
        "https://",
        "https://user:secret@kaquan.example",
        "https://kaquan.example/?a=1",
    ],
)
def test_a_url_that_would_show_the_key_or_lead_nowhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|http|by http"):
        Client(url, API_KEY)


def test_the_key_is_not_shown_by_mistake(client: Driven) -> None:
    with Client(client.url, API_KEY, signing_secret="kq_sign_1") as one:
        shown = repr(one) + repr(vars(one)["_connecting"])

    assert "c2VjcmV0" not in shown
    assert "kq_sign_1" not in shown


def test_a_path_that_is_none_is_refused(client: Driven, script: Script) -> None:
    with pytest.raises(ValueError, match="begins with /"):
        client.do("get", "customers", dict)

    assert script.asked == []


def test_a_server_that_is_gone_is_told_as_such(client: Driven, script: Script) -> None:
    script.will(*[Drop()] * 5)

    with pytest.raises(Unreachable, match="nothing was changed"):
        client.do("get", "/customers", dict)
