"""Whatever is sent, the answer is clear, nothing is booked, and others are served meanwhile."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from kaquan.surfaces.gateway.answers import ProblemAnswer
from kaquan.surfaces.gateway.calls import BODY_BYTES_MAX, BodyReader
from tests.builders.books import books, differing, number
from tests.gateway.site import Caller, Site, a_request_key, code_of
from tests.waiting import soon

Connection = psycopg.Connection[Any]

GOOD: dict[str, Any] = {"vouchers": [{"code": "N6W5-0000-0000-0000-0000"}]}


@pytest.fixture(autouse=True)
def nothing_moves(connection: Connection) -> Iterator[None]:
    """No test here books anything, unless it says so itself."""
    before = books(connection)
    yield
    # A writer that is opened meanwhile takes a lane.
    assert differing(before, books(connection)) <= {"ledger_lane"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "vouchers"),
        ({"vouchers": []}, "vouchers"),
        ({"vouchers": [{}]}, "vouchers[0].code"),
        ({"vouchers": [{"code": 5}]}, "vouchers[0].code"),
        ({"vouchers": [{"code": "x", "pin": 1}]}, "vouchers[0].pin"),
        ({"vouchers": [{"code": "x", "uses": 0}]}, "vouchers[0].uses"),
        ({"vouchers": [{"code": "x", "amount_fen": 1.5}]}, "vouchers[0].amount_fen"),
        ({"vouchers": [{"code": "x", "amount_fen": 10**30}]}, "vouchers[0].amount_fen"),
        ({"vouchers": [{"code": "x", "amount_fen": True}]}, "vouchers[0].amount_fen"),
        ({**GOOD, "store": None}, "store"),
        ({**GOOD, "colour": "red"}, "colour"),
        ({**GOOD, "order": {"lines": [{"line_id": "1"}]}}, "order.lines[0].sku"),
        ({**GOOD, "order": {"amount_fen": -1}}, "order.amount_fen"),
        ([], ""),
        ("text", ""),
        (b"", ""),
        (b"{", ""),
        (b"\xff\xfe", ""),
        (b'{"vouchers":[{"code":"\xff"}]}', ""),
        (b'{"vouchers":[{"code":"\\ud800"}]}', ""),
        (b"[" * 100_000, ""),
        (b'{"vouchers":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "vouchers[0]"),
        (b'{"vouchers":[{"code":"x"}],"order":NaN}', ""),
    ],
)
def test_the_field_that_is_wrong_is_named(till: Caller, body: Any, field: str) -> None:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()

    answer = till.post("redemptions", payload)

    assert (answer.status, answer.code) == (400, "malformed_request"), answer.body
    assert answer.json["data"] == {"field": field}
    assert answer.json["remedy"] in answer.json["detail"]


@pytest.mark.parametrize("name", ["A\x00B", "\x7f", "\u202e", "A" * 201, "a\nb"])
def test_a_name_that_is_no_text_is_refused(site: Site, till: Caller, name: str) -> None:
    answer = till.post("redemptions", {**GOOD, "store": name})

    assert answer.status in (400, 404, 422), answer.body


def test_an_order_number_with_a_control_character_is_refused(site: Site, till: Caller) -> None:
    body = {**site.redeem(code_of_nothing()), "order": {"order_no": "A\x00", "amount_fen": 1}}

    assert till.post("redemptions", body).status in (400, 404, 422)


def code_of_nothing() -> str:
    """Twenty symbols whose check symbol is wrong."""
    return "N6W5-0000-0000-0000-0000"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("a b", "idempotency_key_invalid"),
        ("x" * 256, "idempotency_key_invalid"),
        ("caf\u00e9", "idempotency_key_invalid"),
    ],
)
def test_a_write_needs_a_name_of_visible_characters(
    till: Caller, key: str | None, code: str
) -> None:
    answer = till.post("redemptions", GOOD, key=key)

    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json; charset=gbk", "multipart/form-data", ""]
)
def test_a_body_that_is_not_json_is_refused(till: Caller, content_type: str) -> None:
    answer = till.post("redemptions", GOOD, Content_Type=content_type)

    assert (answer.status, answer.code) == (415, "content_type_unsupported")


@pytest.mark.parametrize("content_type", ["application/json", 'APPLICATION/JSON; charset="UTF-8"'])
def test_json_may_be_named_in_any_case(till: Caller, content_type: str) -> None:
    assert till.post("redemptions", GOOD, Content_Type=content_type).code == "code_mistyped"


def test_a_body_that_is_too_large_is_refused(till: Caller) -> None:
    answer = till.post("redemptions", b"x" * (BODY_BYTES_MAX + 1))
    till.close()

    assert (answer.status, answer.code) == (413, "body_too_large")


def test_a_stream_without_a_length_is_cut_off_at_the_bound(site: Site, till: Caller) -> None:
    with raw(site) as sender:
        sender.sendall(head(till, "Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        answer = b""
        try:
            for _ in range(8):
                sender.sendall(chunk)
            sender.sendall(b"0\r\n\r\n")
        except OSError:
            pass  # it need not read on
        answer = sender.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "redemptions", 405, "method_not_allowed"),
        ("GET", "validations", 405, "method_not_allowed"),
        ("DELETE", "holds/H6001007/redeem", 405, "method_not_allowed"),
        ("POST", "redemptions/R6001007", 405, "method_not_allowed"),
        ("POST", "holds/", 404, "route_unknown"),
        ("POST", "holds/H6001007/keep", 404, "route_unknown"),
        ("POST", "problems", 405, "method_not_allowed"),
        ("GET", "problems/no_such_code", 404, "route_unknown"),
    ],
)
def test_what_is_not_there_is_told_as_a_problem(
    till: Caller, method: str, path: str, status: int, code: str
) -> None:
    answer = till.ask(method, path, b"{}", {"Content-Type": "application/json"})

    assert (answer.status, answer.code) == (status, code)
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    "line", ["Idempotency-Key: b", "Authorization: Bearer x", "Content-Type: text/plain"]
)
def test_a_header_that_stands_there_twice_is_refused(site: Site, till: Caller, line: str) -> None:
    with raw(site) as sender:
        sender.sendall(head(till, "Content-Length: 2", line) + b"{}")
        answer = sender.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert b'"code":"header_repeated"' in answer


def test_a_body_that_never_ends_keeps_nobody_waiting(site: Site, till: Caller) -> None:
    with raw(site) as slow:
        slow.sendall(head(till, "Content-Length: 100") + b'{"vouchers":')
        for _ in range(5):
            assert till.post("redemptions", GOOD).code == "code_mistyped"


def test_a_body_that_takes_too_long_is_given_up() -> None:
    async def read() -> str:
        reader = BodyReader(time_s=0.0)

        async def receive() -> dict[str, Any]:
            asyncio.get_running_loop().call_soon(reader.sweep)
            return await asyncio.get_running_loop().create_future()

        try:
            await reader.read(receive, None, 100, "zh")
        except ProblemAnswer as refused:
            return refused.problem.code
        return ""

    assert asyncio.run(read()) == "body_too_slow"


def test_the_catalogue_lists_every_problem(till: Caller) -> None:
    from kaquan.engine.outcomes import OutcomeCode
    from kaquan.surfaces.http.problem_codes import CALL_PROBLEMS

    listed = till.ask("GET", "problems", None, {"Accept-Language": "en"}).json["items"]
    codes = [one["code"] for one in listed]
    one = till.ask("GET", "problems/voucher_used").json

    assert set(codes) >= {*CALL_PROBLEMS, *(c.name.lower() for c in OutcomeCode if c)}
    assert len(codes) == len(set(codes))
    assert one["status"] == 409
    assert one["type"] == "/api/v1/problems/voucher_used"


def raw(site: Site) -> socket.socket:
    """A connection on which anything can be sent."""
    return socket.create_connection(("127.0.0.1", site.port), timeout=20)


def head(caller: Caller, *lines: str, key: str | None = None) -> bytes:
    """The head of a redemption."""
    sent = [
        "POST /api/v1/redemptions HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {caller.api_key}",
        f"Idempotency-Key: {key or a_request_key()}",
        "Content-Type: application/json",
        *lines,
    ]
    return "\r\n".join([*sent, "", ""]).encode()


class TestWhatIsBooked:
    """Here something is booked, as it should be."""

    @pytest.fixture(autouse=True)
    def nothing_moves(self) -> None:
        """Not here."""

    def test_a_caller_that_hangs_up_changes_nothing(
        self, site: Site, till: Caller, connection: Connection
    ) -> None:
        batch, key = site.batch(), a_request_key()
        body = json.dumps(site.redeem(code_of(batch))).encode()
        with site.connect() as holder, holder.transaction(), raw(site) as sender:
            # The writer has to wait for the batch, and the caller is gone before it goes on.
            query = "SELECT FROM ledger_slice WHERE batch_id = %s FOR UPDATE"
            holder.execute(query, [batch.batch_id])
            sender.sendall(head(till, f"Content-Length: {len(body)}", key=key) + body)
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            assert soon(lambda: number(connection, waiting) > 0)
            sender.close()

        query = "SELECT count(*) FROM ledger_voucher WHERE serial = %s"
        assert soon(lambda: number(connection, query, batch.serial()) == 1)
        again = till.post("redemptions", body, key=key)
        assert again.status == 200, again.body

    def test_a_caller_that_hangs_up_before_the_end_books_nothing(
        self, site: Site, till: Caller
    ) -> None:
        batch = site.batch()
        body = json.dumps(site.redeem(code_of(batch))).encode()
        with raw(site) as sender:
            sender.sendall(head(till, f"Content-Length: {len(body) + 1}") + body)

        assert till.post("redemptions", site.redeem(code_of(batch))).status == 200
