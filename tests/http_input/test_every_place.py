"""Into every place of every documented request: what no request may hold, and what no answer to a
mistake and no line of the log may repeat."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.calling import EVERYTHING
from tests.api.trade import missing_code
from tests.builders.books import books, differing
from tests.gateway.site import Answer, Caller
from tests.http_input.listening import ListeningSite
from tests.http_input.places import JSON, Request, requests

PROBLEM = {"content-type": "application/problem+json"}
PHONE = "13912345678"


@pytest.fixture
def nothing_moves(listening: ListeningSite) -> Iterator[None]:
    """Before and after are the same books."""
    with listening.site.connect() as connection:
        before = books(connection)
        yield
        assert differing(before, books(connection)) <= {"ledger_lane"}


def send(caller: Caller, request: Request, address: str, body: Any) -> Answer:
    """Send it; a body of another type goes as it is."""
    headers = {"Content-Type": request.media_type}
    data: bytes | None = None
    if request.method != "GET":
        headers["Idempotency-Key"] = f"place-{id(body)}-{address[:50]}"
        is_json = request.media_type == JSON
        data = json.dumps(body).encode() if is_json else str(body).encode()
    try:
        return caller.ask(request.method, address, data, headers)
    except TimeoutError:
        raise AssertionError(f"no answer: {request.operation} {address} {body}") from None


def refusal(request: Request, answer: Answer) -> Answer:
    """The refusal in an answer: of a list of commands one may be refused, and of terms that are
    checked the faults are what was asked for."""
    if answer.status == 200 and request.operation == "command":
        told = [one for one in answer.json["outcomes"] if one["code"] == "malformed_request"]
        return Answer(told[0]["status"], PROBLEM, json.dumps(told[0]).encode())
    if answer.status == 200 and request.operation == "check_terms":
        return Answer(422 if answer.json["faults"] else 200, PROBLEM, answer.body)
    return answer


def faults(answer: Answer, what: object, *statuses: int) -> list[str]:
    """What is wrong with an answer that must be a problem of one of these statuses."""
    if answer.status not in statuses:
        return [f"{what}: {answer.status} {answer.body[:60]!r}"]
    if answer.headers["content-type"] != "application/problem+json":
        return [f"{what}: {answer.headers['content-type']}"]
    return []


@pytest.mark.usefixtures("nothing_moves")
def test_nul_half_characters_and_huge_numbers_are_refused_wherever_they_stand(
    listening: ListeningSite,
) -> None:
    found = []
    for request in requests():
        caller = listening.site.caller(*EVERYTHING)  # each has a rate
        for place in request.places(str):
            for text in ("a\0b", "a\ud800b"):
                answer = send(caller, request, request.address, request.with_value(place, text))
                found += faults(answer, (request.operation, place, text), 400)
        for place in request.places(int):
            for number in (10**400, 10**19, 0.5):
                answer = send(caller, request, request.address, request.with_value(place, number))
                # Terms are read after the organisation that they are for is found.
                statuses = (400, 404, 422) if place[0] == "terms" else (400, 422)
                what = (request.operation, place, number)
                found += faults(refusal(request, answer), what, *statuses)
        for address in request.with_text_in_path("a\0b"):
            found += faults(send(caller, request, address, request.body), address, 400, 404)
        for address in request.with_text_in_query("a\0b"):
            if request.method == "GET":
                found += faults(send(caller, request, address, None), address, 400)
        caller.close()

    assert not found, "\n".join(found)


def test_no_answer_to_a_mistake_and_no_log_line_repeats_a_code_a_key_or_a_phone_number(
    listening: ListeningSite,
) -> None:
    code, secret = missing_code(), str(listening.site.caller("offers.view").api_key)
    told: list[tuple[object, Answer]] = []
    for request in requests():
        caller = listening.site.caller(*EVERYTHING)
        for text in (code, f"{PHONE} {secret}"):
            for place in request.places(str):
                body = request.with_value(place, text)
                told.append(
                    ((request.operation, place), send(caller, request, request.address, body))
                )
            addresses = list(request.with_text_in_path(text))
            if request.method == "GET":
                addresses += request.with_text_in_query(text)
            told += [(one, send(caller, request, one, request.body)) for one in addresses]
        body = request.with_name(f"{code} {PHONE} {secret}")
        told.append(((request.operation, "name"), send(caller, request, request.address, body)))
        caller.close()

    hidden = (code, code[-8:], PHONE, secret, secret.rpartition("_")[2])
    repeated = [
        (what, answer.body.decode())
        for what, answer in told
        if answer.status >= 400 and any(one in answer.body.decode() for one in hidden)
    ]
    assert repeated == []
    assert {answer.status for _, answer in told} >= {400, 404}
    assert [status for _, answer in told if (status := answer.status) >= 500] == []
    log = "".join(listening.log)
    assert [one for one in hidden if one in log] == []
    assert [key for one in listening.site.callers if (key := str(one.api_key)) in log] == []
