"""Whatever bytes come in, the answer is clear, nothing is booked, and the next caller is served.

All of it goes over sockets to the real server, for both of its parts: the hot lane and the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from kaquan.surfaces.api.operations import UPLOAD_BYTES_MAX
from kaquan.surfaces.gateway.calls import BODY_BYTES_MAX, BODY_BYTES_MAX_BATCH
from tests.builders.books import books, differing
from tests.http_input.listening import Header, Heard, ListeningSite, json_bytes
from tests.http_input.parts import HOT, REST, Part, refused

PARTS = pytest.mark.parametrize("part", [HOT, REST], ids=["hot", "rest"])


@pytest.fixture(autouse=True)
def nothing_moves(listening: ListeningSite) -> Iterator[None]:
    """Before and after are the same books, and a good request is answered."""
    with listening.site.connect() as connection:
        before = books(connection)
        yield
        # A writer that is opened meanwhile takes a lane.
        assert differing(before, books(connection)) <= {"ledger_lane"}
    assert listening.ask("POST", HOT.path, json_bytes(HOT.body)).code == "code_mistyped"
    assert listening.ask("GET", REST.path).status == 200


def refused_or_cut(heard: Heard) -> None:
    """A problem document; or, for what is no HTTP, a bare 4xx or nothing."""
    if heard.status is not None:
        assert 400 <= heard.status < 500 or heard.status in (501, 505), heard
        assert not heard.body or heard.code, heard


# Size ---------------------------------------------------------------------------------------------


@PARTS
def test_a_body_over_the_bound_is_refused(listening: ListeningSite, part: Part) -> None:
    body = b" " * (BODY_BYTES_MAX + 1)

    refused(listening.ask("POST", part.path, body), "body_too_large")


@PARTS
def test_a_body_over_the_bound_is_refused_by_its_length_alone(
    listening: ListeningSite, part: Part
) -> None:
    with listening.connected() as sender:
        sender.sendall(listening.head("POST", part.path, b"", Content_Length=str(1 << 40)))
        refused(listening.hear(sender), "body_too_large")


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/v1/commands", BODY_BYTES_MAX_BATCH),
        ("/api/v1/batches/1/codes", UPLOAD_BYTES_MAX),
    ],
)
def test_a_list_has_a_bound_too(listening: ListeningSite, path: str, most: int) -> None:
    refused(listening.ask("POST", path, b" " * (most + 1)), "body_too_large")


@PARTS
def test_a_stream_without_a_length_is_cut_off_at_the_bound(
    listening: ListeningSite, part: Part
) -> None:
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    head = listening.head(
        "POST", part.path, b"", ("Transfer-Encoding", "chunked"), without=["Content-Length"]
    )

    refused(listening.send(head, parts=[chunk] * 20), "body_too_large")


@PARTS
def test_a_body_that_ends_early_is_never_begun(listening: ListeningSite, part: Part) -> None:
    with listening.connected() as sender:
        sender.sendall(listening.head("POST", part.path, b'{"kind":', Content_Length="100"))


# JSON ---------------------------------------------------------------------------------------------

NO_JSON = (
    b"", b"{", b"nil", b"'x'", b"[]", b"1", b"null", b'"text"', b"{}{}", b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00", b"[" * 100_000, b'{"a":' * 40_000, b'{"a":' * 40 + b"1" + b"}" * 40,
    b'{"kind":"\xff"}', b'{"kind":"\xed\xa0\x80"}', b'{"kind":"\xc0\x80"}', b'{"kind":NaN}',
    b'{"kind":Infinity}', b'{"kind":1' + b"0" * 100_000 + b"}", b'{"kind":01}', b'{"kind":"\n"}',
    b'{"kind":"region","name":"\\u0000"}', b'{"kind":"region","name":"\\ud800"}',
    b'{"kind":"region","name":["x"]}', b'{"kind":"region","name":{"x":"y"}}',
)  # fmt: skip
NAMED_TWICE = {
    HOT.path: (
        b'{"vouchers":[{"code":"x"}],"vouchers":[{"code":"x"}]}',
        b'{"vouchers":[{"code":"x","code":"x"}]}',
        b'{"vouchers":[{"code":"x","\\u0063ode":"y"}]}',
        b' {"vouchers":[{"code":"x"}],"order":{"amount_fen":1,"amount_fen":100000}}',
    ),
    REST.path: (
        b'{"kind":"region","name":"x","name":"x"}',
        b'{"kind":"region","name":"x","\\u006eame":"y"}',
    ),
}


@PARTS
def test_what_is_no_such_json_is_refused(listening: ListeningSite, part: Part) -> None:
    for body in NO_JSON:
        refused(listening.ask("POST", part.path, body), "malformed_request")


@PARTS
def test_a_name_that_stands_in_an_object_twice_is_refused(
    listening: ListeningSite, part: Part
) -> None:
    for body in NAMED_TWICE[part.path]:
        heard = listening.ask("POST", part.path, body, Accept_Language="en")
        refused(heard, "malformed_request")
        assert b"same name twice" in heard.body


# Headers ------------------------------------------------------------------------------------------


@PARTS
def test_a_body_of_another_type_is_refused(listening: ListeningSite, part: Part) -> None:
    body = json_bytes(part.body)
    for media_type in (
        "text/plain", "text/json", "application/json; charset=gbk", "application/jsonp", "json",
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "\xff",
        "application/json, text/plain",
    ):  # fmt: skip
        heard = listening.ask("POST", part.path, body, Content_Type=media_type)
        refused(heard, "content_type_unsupported")
    untyped = listening.ask("POST", part.path, body, without=["Content-Type"])
    refused(untyped, "content_type_unsupported")


@PARTS
@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Authorization", "Bearer kq_live_x"),
        ("Idempotency-Key", "the-other"),
        ("Content-Type", "application/json"),
    ],
)
def test_a_header_that_stands_there_twice_is_refused(
    listening: ListeningSite, part: Part, name: str, other: str
) -> None:
    body = json_bytes(part.body)

    refused(listening.ask("POST", part.path, body, (name, other)), "header_repeated")


@PARTS
def test_two_lengths_or_one_that_is_none_end_the_connection(
    listening: ListeningSite, part: Part
) -> None:
    for length in ("5", "1" * 30, "-1", "+2", "2, 2", "0x2", "", "2 2", "2.0"):
        head = listening.head(
            "POST", part.path, b"", ("Content-Length", length), Content_Length="2"
        )
        refused_or_cut(listening.send(head + b"{}"))


SMUGGLED: Sequence[Sequence[Header]] = (
    [("Content-Length", "6"), ("Transfer-Encoding", "chunked")],
    [("Transfer-Encoding", "chunked"), ("Content-Length", "6")],
    [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")],
    [("Transfer-Encoding", "xchunked")],
    [("Transfer-Encoding", "chunked, identity")],
    [("Transfer-Encoding", "\x0bchunked")],
    [("Transfer-Encoding ", "chunked")],
    [(" Transfer-Encoding", "chunked")],
    [("Transfer-Encoding", "chunked\r\nX: y\rContent-Length: 6")],
)


@PARTS
def test_nobody_smuggles_a_second_request_past_the_first(
    listening: ListeningSite, part: Part
) -> None:
    hidden = listening.head("GET", "/api/v1/problems/voucher_used", None)
    for lines in SMUGGLED:
        head = listening.head("POST", part.path, b"", *lines, without=["Content-Length"])
        with listening.connected() as sender:
            sender.sendall(head + b"0\r\n\r\n" + hidden)
            refused_or_cut(listening.hear(sender))
            # Where two lengths disagree, nothing that follows may be taken for a request.
            assert listening.hear(sender).status in (None, 400), lines


@PARTS
def test_absurd_headers_are_refused(listening: ListeningSite, part: Part) -> None:
    body = json_bytes(part.body)
    for more in ([("X-Long", "x" * 1_000_000)], [(f"X-{number}", "x") for number in range(5_000)]):
        refused_or_cut(listening.ask("POST", part.path, body, *more))
    long_key = listening.ask("POST", part.path, body, Authorization="Bearer " + "x" * 60_000)
    refused(long_key, "key_invalid")
    long_name = listening.ask("POST", part.path, body, Idempotency_Key="x" * 60_000)
    refused(long_name, "idempotency_key_invalid")


@PARTS
def test_what_is_no_key_is_refused(listening: ListeningSite, part: Part) -> None:
    body = json_bytes(part.body)
    for value in (
        "", "Basic eDp5", "Bearer", "Bearer  ", "kq_live_x", "\xff\xfe", "Bearer a b",
        "Bearer kq_live_\xe9\xe8", "bearer \x01",
    ):  # fmt: skip
        heard = listening.ask("POST", part.path, body, Authorization=value)
        if heard.status == 400 and not heard.body:
            continue  # a control character is no HTTP
        refused(heard, "key_invalid", "key_missing")
        assert heard.headers["www-authenticate"].startswith("Bearer")


@PARTS
def test_a_callers_word_about_where_it_calls_from_is_not_believed(
    listening: ListeningSite, part: Part
) -> None:
    elsewhere = listening.site.caller(
        "redemption.redeem", "organisations.edit", networks=("203.0.113.0/24",)
    )
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "X-Client-IP"):
        value = "for=203.0.113.7" if name == "Forwarded" else "203.0.113.7"
        heard = listening.ask(
            "POST", part.path, json_bytes(part.body), (name, value),
            ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "example.com"),
            ("X-Forwarded-Port", "443"), Authorization=f"Bearer {elsewhere.api_key}",
        )  # fmt: skip
        refused(heard, "source_not_allowed")
        assert "strict-transport-security" not in heard.headers
        assert "set-cookie" not in heard.headers


@PARTS
def test_answers_are_json_whatever_a_caller_would_rather_have(
    listening: ListeningSite, part: Part
) -> None:
    for accepted in ("text/html", "application/xml", "image/*;q=x", "\xff", ",", "x" * 5_000):
        heard = listening.ask("POST", part.path, b"[]", Accept=accepted)
        refused(heard, "malformed_request")


# Methods and addresses ----------------------------------------------------------------------------


@PARTS
def test_a_method_that_an_address_does_not_take_is_refused(
    listening: ListeningSite, part: Part
) -> None:
    for method in ("PUT", "DELETE", "TRACE", "PROPFIND", "post", "X" * 9):
        heard = listening.ask(method, part.path, json_bytes(part.body))
        refused(heard, "method_not_allowed")
        assert "POST" in heard.headers["allow"]
    refused_or_cut(listening.ask("CONNECT", part.path, b"{}"))


NOWHERE = (
    "/api/v1/redemptions/", "/api/v1//redemptions", "//api/v1/redemptions",
    "/api/v1/./redemptions", "/api/v1/x/../redemptions", "/api/v1/%2e%2e/v1/redemptions",
    "/api/v1/redemptions%00", "/api/v1/redemptions%2f", "/api/v1/REDEMPTIONS",
    "/api/v1/redemptions;x=1", "/api/v1/holds/../redemptions", "/api/v1/holds/%00/redeem/x",
    "/api/v1/organisations/", "/api/v1//organisations", "/api/v1/organisations%00",
    "/api/v1/%2e%2e/%2e%2e/etc/passwd", "/api/v1/organisations/..%2f..%2fstores", "/api/v1/%ff",
    "/api/v1/%ed%a0%80", "/api/v1/%", "/api/v1/%zz", "/api/v1/\\..\\stores", "/api/v1", "/api/v1/",
    "/api/v2/redemptions", "/api", "/api/v1/" + "x" * 8_000, "/api/v1/" + "x/" * 4_000,
)  # fmt: skip


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_where_nothing_is_the_answer_says_so(listening: ListeningSite, method: str) -> None:
    for path in NOWHERE:
        heard = listening.ask(method, path, b"{}" if method == "POST" else None)
        assert heard.status in (400, 403, 404, 405, 414), (path, heard)
        if heard.body and path.startswith("/api/v1"):
            refused(heard, "route_unknown", "malformed_request", "method_not_allowed")
        assert "location" not in heard.headers, path


def test_a_number_in_an_address_that_is_none_is_refused(listening: ListeningSite) -> None:
    for number in ("%00", "%ff", "R", "R6001007%C4%B0", "x" * 5_000, "-1", "1e9", "%2b1", "1_0",
                   "%201", "%ed%a0%80", "..", "%2e%2e", "R%2f"):  # fmt: skip
        for method, path in (
            ("POST", f"/api/v1/redemptions/{number}/reversals"),
            ("POST", f"/api/v1/holds/{number}/release"),
            ("GET", f"/api/v1/redemptions/{number}"),
            ("GET", f"/api/v1/organisations/{number}"),
            ("GET", f"/api/v1/stores/{number}"),
            ("PATCH", f"/api/v1/customers/{number}"),
        ):
            heard = listening.ask(method, path, None if method == "GET" else b"{}")
            assert heard.status in (400, 404, 405), (path, heard)
            assert heard.code


def test_a_query_that_is_none_is_refused(listening: ListeningSite) -> None:
    for query in (
        "limit=%00", "limit=1&limit=2", "cursor=%ff", "cursor=%ed%a0%80", "limit=1e1", "limit=%2b1",
        "limit=1_0", "limit=1" + "0" * 5_000, "x=" + "y" * 8_000, "limit[]=1", "cursor=WzEsMl0",
        "&".join(f"a{number}=" for number in range(2_000)), "%", "cursor=" + "A" * 1_000,
    ):  # fmt: skip
        heard = listening.ask("GET", f"/api/v1/organisations?{query}")
        refused(heard, "malformed_request", "cursor_invalid")


def test_what_is_no_http_is_refused_by_the_web_server_as_described_or_cut_off(
    listening: ListeningSite,
) -> None:
    for payload in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://\x00/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/stores\r\n\r\n",
        b"\r\n" * 1_000,
        b"GET /api/v1/stores HTTP/1.1\r\nHost: localhost\r\nA\x00B: c\r\n\r\n",
        b"GET /api/v1/stores HTTP/1.1\r\nHost: localhost\r\nA: b\x00c\r\n\r\n",
        b"GET /api/v1/stores HTTP/1.1\r\nHost: localhost\r\n folded: c\r\n\r\n",
        b"GET /api/v1/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ):
        heard = listening.say(payload)
        assert heard.status in (None, 400, 414, 431), heard
        assert heard.body == b""
        assert "server" not in heard.headers
