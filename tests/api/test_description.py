"""The description: one document for both parts, in which every word leads somewhere."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from typing import Any

import pytest
from django.test import Client

from kaquan.access.limit_table import LIMITS
from kaquan.access.signatures import SignatureCheck
from kaquan.project.description import document
from kaquan.surfaces.api.operations import OPERATIONS
from kaquan.surfaces.gateway.catalogue import known_problems
from kaquan.surfaces.gateway.description import operations as hot_operations
from tests.api.described import api_document, faults

LOCAL = {"host": "localhost"}


def described() -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation: its path, its method, and what is said of it."""
    return [
        (path, method.upper(), operation)
        for path, methods in api_document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_is_served_to_anyone_as_it_is() -> None:
    response = Client(headers=LOCAL).get("/api/v1/openapi.json")

    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == json.loads(json.dumps(document()))
    assert response.json()["openapi"].startswith("3.1")


def test_both_parts_are_in_it_whole() -> None:
    there = {(path, method) for path, method, _ in described()}
    managed = {(f"/api/v1{one.path}", one.method) for one in OPERATIONS.values()}
    hot = {(one.path, one.method) for one in hot_operations()}

    assert there == managed | hot
    assert managed & hot == set()


def test_every_operation_has_a_name_of_its_own() -> None:
    names = Counter(operation["operationId"] for _, _, operation in described())

    assert [name for name, count in names.items() if count > 1] == []


def test_every_operation_tells_its_permission_and_its_problems() -> None:
    for path, method, operation in described():
        assert operation["x-kaquan-permission"], (path, method)
        statuses = set(operation["responses"])
        assert {"400", "401", "403", "429", "503"} <= statuses, (path, method)
        assert ("404" in statuses) or "{" not in path, (path, method)


def test_every_problem_has_a_page_in_the_catalogue() -> None:
    told = {code for _, _, one in described() for code in one["x-kaquan-problems"]}

    zh, en = known_problems("zh"), known_problems("en")
    assert told - zh.keys() == set()
    for code in told:
        assert not re.search("[\u4e00-\u9fff]", en[code].text), code
        assert re.search("[\u4e00-\u9fff]", zh[code].text), code
        assert "\n" not in zh[code].text + en[code].text


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(api_document())
    names = set(re.findall(r'"#/components/(\w+)/([\w.-]+)"', text))

    assert [name for name in names if name[1] not in api_document()["components"][name[0]]] == []
    assert len(names) > 50


@pytest.mark.parametrize("operation", hot_operations(), ids=lambda operation: operation.name)
def test_the_hot_lanes_examples_are_as_described(operation: Any) -> None:
    said = api_document()["paths"][operation.path]["post"]
    sent = said["requestBody"]["content"]["application/json"]
    answered = said["responses"]["200"]["content"]["application/json"]

    assert "{" not in json.dumps([sent["example"], answered["example"]]).replace('{"', "").replace(
        "{}", ""
    )
    for part in (sent, answered):
        assert list(faults(api_document(), part["schema"], part["example"])) == []


@pytest.mark.usefixtures("static_files", "database")
def test_the_page_that_shows_it_holds_nothing_inline_and_nothing_of_other_hosts() -> None:
    page = Client(headers=LOCAL).get("/api/v1/docs").content.decode()

    assert page.count("<script") == page.count('<script src="/static/')
    assert "<style" not in page
    assert " style=" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert 'data-document="/api/v1/openapi.json"' in page


def test_every_answer_tells_of_limits_and_the_document_has_their_numbers() -> None:
    for path, method, operation in described():
        (done,) = (one for status, one in operation["responses"].items() if status[0] == "2")
        assert set(done["headers"]) >= {"RateLimit", "RateLimit-Policy"}, (path, method)
    assert "Retry-After" in api_document()["components"]["responses"]["Problem429"]["headers"]
    numbers = {one["name"]: one["number"] for one in api_document()["x-kaquan-limits"]}
    assert numbers.items() >= {limit.name: limit.number for limit in LIMITS}.items()
    assert numbers["gateway"] > 0
    for name, number in numbers.items():
        assert f"| `{name}` | {number:,} |" in api_document()["info"]["description"]


def test_every_tag_says_what_it_is_about() -> None:
    used = {tag for _, _, operation in described() for tag in operation["tags"]}

    assert used == {tag["name"] for tag in api_document()["tags"]}


def test_the_signature_of_the_text_is_one_that_is_taken() -> None:
    text = api_document()["info"]["description"]
    at, nonce, method, path, key, body_hash = text.split("```")[1].strip().splitlines()
    body = re.search(r"`(\{.*\})`", text)
    secret = re.search(r"`(kqs_\w+)`", text)
    signature = re.search(r"`Kaquan-Signature: (t=1.*)`", text)
    assert body and secret and signature  # noqa: PT018  # all three stand there

    assert hashlib.sha256(body[1].encode()).hexdigest() == body_hash
    refusal = SignatureCheck(lambda: int(at)).refusal(
        secret=secret[1].encode(),
        key_id=1,
        signature=signature[1],
        method=method,
        path=path,
        idempotency_key=key,
        body=body[1].encode(),
    )
    assert refusal is None
    assert f"n={nonce}," in signature[1]
