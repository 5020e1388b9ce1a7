"""Every operation's documented example works as it stands, and its answer is as described.

Objects that an example names are replaced by the test's own; nothing else is changed.
"""

from __future__ import annotations

from typing import Any

import pytest

from kaquan.surfaces.api.operations import OPERATIONS, Operation
from tests.api.asking import documented, references
from tests.api.calling import Api, Reply
from tests.api.described import api_document, faults, resolved
from tests.api.world import PREPARATIONS, Side
from tests.builders.issuer import an_organisation

pytestmark = pytest.mark.usefixtures("database")


def described_answer(operation: Operation, status: int) -> dict[str, Any] | None:
    described = api_document()["paths"][f"/api/v1{operation.path}"][operation.method.lower()]
    answer: dict[str, Any] | None = described["responses"].get(str(status))
    if answer is not None and "$ref" in answer:
        return dict(resolved(api_document(), answer))
    return answer


def undescribed(operation: Operation, reply: Reply) -> list[str]:
    """What the description does not say of an answer."""
    answer = described_answer(operation, reply.status)
    if answer is None:
        return [f"{operation.id}: {reply!r} is not described"]
    media_type = reply.headers["Content-Type"].partition(";")[0]
    if media_type not in answer["content"]:
        return [f"{operation.id}: {media_type} is not described"]
    if not media_type.endswith("json"):
        return []
    found = faults(api_document(), answer["content"][media_type]["schema"], reply.json)
    return [f"{operation.id}: {fault}" for fault in found]


def faults_of(operation: Operation, side: Side, api: Api) -> list[str]:
    """What is wrong with an example: its answer, and the answer to the same request again."""
    PREPARATIONS.get(operation.id, lambda _side: None)(side)
    asked = documented(operation, side)  # a preparation may choose what it is about
    reply = asked.send(api, key="the-first")
    if reply.status != operation.status:
        return [f"{operation.id}: {reply!r}"]
    found = undescribed(operation, reply)
    if operation.changes:
        again = asked.send(api, key="the-first")
        if (again.status, again.content) != (reply.status, reply.content):
            found.append(f"{operation.id}: answered anew: {again!r}")
        if again.headers.get("Idempotency-Replayed") != "true":
            found.append(f"{operation.id}: done anew")
    return found


def test_every_example_is_answered_as_described_and_writes_only_once() -> None:
    root = an_organisation("总部", None)
    only_read = Side(root)
    found = []
    for operation in OPERATIONS.values():
        moves = operation.changes or operation.id in PREPARATIONS
        side = Side(root) if moves else only_read
        found += faults_of(operation, side, side.api())

    assert found == []


def test_what_is_refused_is_described_too() -> None:
    root = an_organisation("总部", None)
    side = Side(root)
    found = []
    for operation in OPERATIONS.values():
        api = side.api()
        asked = documented(operation, side)
        if operation.changes and not operation.key_field:
            found += undescribed(operation, asked.send(api, key=None))
            found += undescribed(operation, asked.send(api, key="with blank"))
        if operation.method != "GET" and "application/json" in operation.media_types:
            for body in (b"{", b"[]", b'{"nobody_knows": 1}', b'"\\u0000"', b"\xff"):
                asked.body = body
                found += undescribed(operation, asked.send(api))
        for reference in references(operation):
            if reference.where == "path":
                strange = documented(operation, side).about(reference, "不是的\u0000")
                found += undescribed(operation, strange.send(api))

    assert found == []


def test_every_operation_that_takes_a_body_shows_one() -> None:
    described = api_document()["paths"]
    for operation in OPERATIONS.values():
        body = described[f"/api/v1{operation.path}"][operation.method.lower()].get("requestBody")
        if body and body.get("required"):
            assert operation.example is not None, operation.id


def test_every_operation_has_its_words_in_both_languages() -> None:
    for operation in OPERATIONS.values():
        assert any("\u4e00" <= character <= "\u9fff" for character in operation.zh), operation.id
        assert operation.en.isascii(), operation.id
        assert operation.en, operation.id
