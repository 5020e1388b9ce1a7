"""A request by a name has one effect and one answer, for ever."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from kaquan.foundation.answers import actions
from kaquan.foundation.answers.actions import Answer, RequestName, answer_once, answer_repeatable
from kaquan.foundation.answers.models import KeptAnswer
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.models import Organisation
from tests.builders.issuer import an_organisation
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")

NAME = RequestName(client_id=101, operation="create", key="k-1", content="{}")


def named(**changes: object) -> RequestName:
    values = {field: getattr(NAME, field) for field in RequestName.__slots__}
    return RequestName(**(values | changes))  # type: ignore[arg-type]


def work() -> Answer:
    organisation = an_organisation(f"组织 {Organisation.objects.count()}", None)
    return Answer(201, "application/json", f'{{"名称":"{organisation.name}"}}'.encode())


@pytest.mark.parametrize("once", [answer_once, answer_repeatable])
def test_the_same_request_gets_the_same_bytes_and_has_no_second_effect(once: object) -> None:
    first = once(NAME, work)  # type: ignore[operator]
    again = once(NAME, work)  # type: ignore[operator]

    assert again == first
    assert Organisation.objects.count() == 1


@pytest.mark.parametrize("once", [answer_once, answer_repeatable])
def test_another_request_of_the_same_name_is_refused_and_nothing_happens(once: object) -> None:
    once(NAME, work)  # type: ignore[operator]

    with pytest.raises(KaquanError) as refused:
        once(named(content="[]"), work)  # type: ignore[operator]

    assert refused.value.code == "request_key_reused"
    assert Organisation.objects.count() == 1


def test_a_name_is_its_clients_and_its_operations_own() -> None:
    for name in (NAME, named(client_id=102), named(operation="change"), named(key="k-2")):
        answer_once(name, work)

    assert Organisation.objects.count() == 4


def test_what_is_not_final_is_not_kept_and_leaves_nothing() -> None:
    def busy() -> Answer:
        work()
        return Answer(503, "application/problem+json", b"{}", final=False)

    assert answer_once(NAME, busy).status == 503
    assert not Organisation.objects.exists()
    assert answer_once(NAME, work).status == 201


def test_what_fails_leaves_nothing_and_may_be_tried_again() -> None:
    def fail() -> Answer:
        work()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        answer_once(NAME, fail)

    assert not Organisation.objects.exists()
    assert answer_once(NAME, work).status == 201


def test_an_answer_cannot_be_read_in_the_database(database: Database) -> None:
    answer_once(NAME, lambda: Answer(201, "application/json", b'{"key":"kq_live_secret"}'))

    rows = str(database.connect().execute("select a::text from answers_kept_answer a").fetchall())
    assert "kq_live" not in rows
    assert b"kq_live".hex() not in rows
    assert answer_once(NAME, work).body == b'{"key":"kq_live_secret"}'


def at_once(once: object, count: int) -> list[Answer | str]:
    start = threading.Barrier(count)

    def ask(_: int) -> Answer | str:
        try:
            start.wait()
            return once(NAME, work)  # type: ignore[operator, no-any-return]
        except KaquanError as refused:
            return refused.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as people:
        return list(people.map(ask, range(count)))


def test_of_many_at_once_one_happens_and_all_get_its_answer() -> None:
    answers = at_once(answer_once, 6)

    assert Organisation.objects.count() == 1
    assert all(answer == answers[0] for answer in answers)


def test_without_the_turn_many_at_once_happen_or_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    met = threading.Barrier(2)
    kept = actions._kept

    def look_and_wait(name: RequestName) -> Answer | None:
        found = kept(name)
        met.wait(timeout=10)
        return found

    monkeypatch.setattr(actions, "_wait_for_turn", lambda _name: None)
    monkeypatch.setattr(actions, "_kept", look_and_wait)

    def ask(_: int) -> str:
        try:
            return answer_once(NAME, work).body.decode()
        except Exception as error:
            return type(error).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as people:
        answers = list(people.map(ask, range(2)))

    assert answers[0] != answers[1]


@pytest.mark.parametrize("once", [answer_once, answer_repeatable])
def test_while_the_first_is_under_way_the_second_is_told_so(
    once: object, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "WAIT_MS", 20)
    other = database.connect()
    other.execute("select pg_advisory_lock(%s)", [actions._lock_number(NAME)])

    with pytest.raises(KaquanError) as refused:
        once(NAME, work)  # type: ignore[operator]

    assert refused.value.code == "request_in_progress"
    assert not Organisation.objects.exists()
    other.execute("select pg_advisory_unlock_all()")
    assert once(NAME, work).status == 201  # type: ignore[operator]


def test_repeatable_work_is_done_again_when_its_answer_was_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: set[str] = set()

    def book() -> Answer:
        done.add("booked under its own request key")
        return Answer(200, "application/json", b"{}")

    def crash(name: RequestName, answer: Answer) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(actions, "_keep", crash)
        with pytest.raises(RuntimeError):
            answer_repeatable(NAME, book)

    assert not KeptAnswer.objects.exists()
    assert answer_repeatable(NAME, book).status == 200
    assert len(done) == 1
