"""Nobody reaches past their part of the organisation: every operation is asked for foreign objects.

The operations come from the API's own list, so a new one is tested without a word here; one that
the tests do not know how to ask for fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle

import pytest

from kaquan.surfaces.api.operations import OPERATIONS, Operation
from kaquan.surfaces.api.urls import api as _api  # noqa: F401  # fills OPERATIONS
from tests.api.asking import Asked, documented, each_reference, references
from tests.api.calling import Api, Reply, an_api
from tests.api.world import SUBJECTS, Side
from tests.builders.books import books
from tests.builders.books import differing as changed
from tests.builders.issuer import an_organisation
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")

KEYS_IN_TURN = 12
"""So many keys share the calls that none meets its rate limit."""


@pytest.fixture
def sides() -> tuple[Side, Side]:
    """Somebody else's part of the organisation, and one's own."""
    root = an_organisation("总部", None)
    return Side(root), Side(root)


def callers(side: Side, *permissions: str) -> Iterator[Api]:
    return cycle([side.api(*permissions) for _ in range(KEYS_IN_TURN)])


def without(reply: Reply, name: object) -> str:
    """An answer's text, with the object's name left out."""
    text = reply.content.decode()
    for one in map(str, name if isinstance(name, list) else [name]):
        text = re.sub(rf"(?<![\w-]){re.escape(one)}(?![\w-])", "…", text)
    return text


def differing(foreign: Asked, missing: Asked, api: Api, names: tuple[object, object]) -> str | None:
    """How the answers about a foreign and a missing object differ, names apart; None if not."""
    told, expected = foreign.send(api), missing.send(api)
    is_same = told.status == expected.status and without(told, names[0]) == without(
        expected, names[1]
    )
    if is_same and told.status != 400:
        return None
    return f"{foreign.operation.id}: {foreign.path} {foreign.body}: {told!r} is not {expected!r}"


def test_a_foreign_object_looks_exactly_like_one_that_does_not_exist(
    sides: tuple[Side, Side], database: Database
) -> None:
    theirs, ours = sides
    foreign = {name: subject.of(theirs) for name, subject in SUBJECTS.items()}
    asked = {operation.id: documented(operation, ours) for operation in OPERATIONS.values()}
    keys = callers(ours)
    connection = database.connect()
    before = books(connection)

    faults = [
        differing(
            asked[operation.id].about(reference, foreign[reference.name]),
            asked[operation.id].about(reference, missing),
            next(keys),
            (foreign[reference.name], missing),
        )
        for operation in OPERATIONS.values()
        for reference, missing in each_reference(operation)
    ]

    assert [fault for fault in faults if fault] == []
    # A refusal is the answer to its request key for ever, so it is written down; nothing moved.
    assert changed(before, books(connection)) <= {"ledger_block", "ledger_lane", "ledger_request"}


def test_no_operation_answers_without_a_key_its_permission_and_one_part_of_the_tree(
    sides: tuple[Side, Side],
) -> None:
    _, ours = sides
    others = {name: callers(ours, name) for name in ("events.view", "jobs.view")}
    stores = [side.store.organisation.code for side in sides]  # no part holds these and no other
    tills = cycle([an_api(store_codes=stores) for _ in range(KEYS_IN_TURN)])
    nobody = Api(None)
    answered = []
    for operation in OPERATIONS.values():
        asked = documented(operation, ours)
        other = "jobs.view" if operation.permission == "events.view" else "events.view"
        for caller in (next(others[other]), next(tills)):
            reply = asked.send(caller)
            if (reply.status, reply.code) != (403, "permission_denied"):
                answered.append((operation.id, reply))
        reply = asked.send(nobody)
        if reply.status != 401 or not reply.headers["WWW-Authenticate"].startswith("Bearer"):
            answered.append((operation.id, reply))

    assert answered == []


def test_an_operation_that_names_an_unknown_kind_of_object_fails_the_matrix() -> None:
    def operation(path: str, example: object = None) -> Operation:
        return Operation(
            id="new", method="POST", path=path, permission="p", tag="t", zh="", en="", answer=None,
            changes=True, view=references, example=example,
        )  # fmt: skip

    with pytest.raises(AssertionError, match="what rocket_id names"):
        references(operation("/rockets/{rocket_id}"))
    with pytest.raises(AssertionError, match="what rocket_id names"):
        references(operation("/flights", {"rocket_id": 1}))
    assert references(operation("/flights", {"name": "x"})) == []
