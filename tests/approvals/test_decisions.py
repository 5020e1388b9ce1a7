"""Somebody asks, others decide: never the maker, nobody twice, and only on what they have seen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connections

from kaquan.approvals import queries
from kaquan.approvals.actions import decide, withdraw
from kaquan.approvals.models import ApprovalDecision, ApprovalRequest
from kaquan.approvals.rules import create_rule
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.foundation.changes.models import Change
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.paging import Paging
from kaquan.organisations.models import Organisation
from tests.approvals.people import RIGHTS, Gift, a_request, a_role, someone
from tests.builders.issuer import SYSTEM, an_organisation
from tests.fixtures_database import Database

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def gift() -> Gift:
    return Gift().register()


@pytest.fixture
def root() -> Organisation:
    return an_organisation("总部", None)


def refused(call: Callable[[], object]) -> KaquanError:
    with pytest.raises(KaquanError) as told:
        call()
    return told.value


def decided(actor: Actor, request: ApprovalRequest, verdict: Any = "approve", **facts: Any) -> Any:
    about = {"comment": "", "revision": request.revision} | facts
    return decide(actor, request_id=request.pk, verdict=verdict, **about)


def standing(request: ApprovalRequest) -> tuple[str, int, int]:
    found = ApprovalRequest.objects.get(id=request.pk)
    return found.state, found.level, found.decisions.count()


def test_another_persons_approval_carries_out_what_was_asked_for_once(
    gift: Gift, root: Organisation
) -> None:
    request = a_request(gift, someone(root), root)
    checker = someone(root)

    decided(checker, request, comment="同意")

    assert standing(request) == ("approved", 1, 1)
    assert gift.done == [request.pk]
    assert refused(lambda: decided(someone(root), request)).code == "approval_closed"
    assert gift.done == [request.pk]


def test_nobody_approves_what_they_asked_for_and_nothing_moves(
    gift: Gift, root: Organisation
) -> None:
    maker = someone(root)
    request = a_request(gift, maker, root)

    for verdict in ("approve", "reject"):
        error = refused(lambda verdict=verdict: decided(maker, request, verdict, comment="我自己"))
        assert (error.code, error.exit_code) == ("approval_own", ExitCode.PERMISSION_DENIED)

    assert standing(request) == ("open", 0, 0)
    assert gift.done == []


def test_the_database_itself_takes_no_decision_of_the_maker(
    gift: Gift, root: Organisation, database: Database
) -> None:
    maker = someone(root)
    request = a_request(gift, maker, root)
    insert = (
        "INSERT INTO approvals_decision (request_id, level, verdict, comment, at, decided_by,"
        " decided_by_name, asked_by) VALUES (%s, 0, 'approve', '', now(), %s, '我', %s)"
    )
    connection = database.connect()

    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(insert, [request.pk, maker.id, maker.id])
    with pytest.raises(psycopg.errors.ForeignKeyViolation):  # naming somebody else as the asker
        connection.execute(insert, [request.pk, maker.id, "staff:0"])

    assert standing(request) == ("open", 0, 0)


def test_what_was_decided_cannot_be_changed_afterwards(
    gift: Gift, root: Organisation, database: Database
) -> None:
    request = a_request(gift, someone(root), root)
    decided(someone(root), request)
    connection = database.connect()
    connection.execute("SET ROLE kaquan_app")

    for statement in (
        "UPDATE approvals_decision SET verdict = 'reject'",
        "DELETE FROM approvals_decision",
        "DELETE FROM approvals_request",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_levels_are_asked_one_after_another_and_nobody_decides_at_two(
    gift: Gift, root: Organisation
) -> None:
    region = an_organisation("华北", root)
    a_role("test-manager"), a_role("test-finance")
    create_rule(
        actor=SYSTEM,
        kind=gift.name,
        organisation_id=root.id,
        from_amount_fen=0,
        levels=[{"role": "test-manager", "at": "region"}, {"role": "", "at": "head_office"}],
    )
    request = a_request(gift, someone(region), region)
    manager, head = someone(root, "test-manager"), someone(root, "test-finance")

    assert refused(lambda: decided(head, request)).code == "approval_not_at_your_level"
    first = decided(manager, request)
    assert standing(request) == ("open", 1, 1)
    assert gift.done == []
    assert refused(lambda: decided(manager, first)).code == "approval_decided_already"
    here = someone(region, "test-manager")
    assert refused(lambda: decided(here, first)).code == "approval_not_at_your_level"
    decided(head, first)

    assert standing(request) == ("approved", 2, 2)
    assert gift.done == [request.pk]


@pytest.mark.parametrize(
    ("verdict", "state"), [("reject", "rejected"), ("request_changes", "changes_requested")]
)
def test_turning_down_needs_a_reason_and_ends_the_request(
    gift: Gift, root: Organisation, verdict: str, state: str
) -> None:
    maker, checker = someone(root), someone(root)
    request = a_request(gift, maker, root)

    assert refused(lambda: decided(checker, request, verdict)).code == "value_invalid"
    assert standing(request) == ("open", 0, 0)
    decided(checker, request, verdict, comment="金额太大")

    assert standing(request) == (state, 0, 1)
    assert (gift.done, gift.turned_down) == ([], [request.pk])
    again = a_request(gift, maker, root)  # the same subject may be asked for again
    assert again.pk != request.pk


def test_only_who_asked_takes_a_request_back(gift: Gift, root: Organisation) -> None:
    maker, checker = someone(root), someone(root)
    request = a_request(gift, maker, root)

    error = refused(lambda: withdraw(checker, request_id=request.pk))
    assert (error.code, standing(request)[0]) == ("approval_not_yours", "open")
    withdraw(maker, request_id=request.pk)

    assert standing(request) == ("withdrawn", 0, 0)
    assert gift.turned_down == [request.pk]
    assert refused(lambda: decided(checker, request)).code == "approval_closed"


def test_one_subject_waits_once_for_each_kind(gift: Gift, root: Organisation) -> None:
    request = a_request(gift, someone(root), root)

    assert refused(lambda: a_request(gift, someone(root), root)).code == "approval_open"

    assert list(ApprovalRequest.objects.values_list("id", flat=True)) == [request.pk]


def test_what_was_changed_after_it_was_handed_in_is_not_approved(
    gift: Gift, root: Organisation
) -> None:
    request = a_request(gift, someone(root), root)
    checker = someone(root)
    gift.content = {"vouchers": 100_000}

    assert refused(lambda: decided(checker, request)).code == "approval_content_moved"

    assert standing(request) == ("open", 0, 0)
    decided(checker, request, "reject", comment="内容变了")
    assert gift.done == []


def test_a_record_that_was_tampered_with_is_not_approved(gift: Gift, root: Organisation) -> None:
    request = a_request(gift, someone(root), root)
    gift.content = {"vouchers": 1}
    ApprovalRequest.objects.filter(id=request.pk).update(content={"vouchers": 1})

    assert refused(lambda: decided(someone(root), request)).code == "approval_content_moved"
    assert standing(request) == ("open", 0, 0)


def test_what_cannot_be_carried_out_is_not_approved_and_can_be_tried_again(
    gift: Gift, root: Organisation
) -> None:
    request = a_request(gift, someone(root), root)
    checker = someone(root)
    changes = Change.objects.count()
    gift.fault = KaquanError("budget_exhausted", zh="预算不足。", en="Too little.")

    assert refused(lambda: decided(checker, request)).code == "budget_exhausted"
    assert standing(request) == ("open", 0, 0)
    assert Change.objects.count() == changes
    gift.fault = None
    decided(checker, request)

    assert gift.done == [request.pk]


def test_a_decision_on_what_has_moved_since_it_was_looked_at_is_refused(
    gift: Gift, root: Organisation
) -> None:
    create_rule(
        actor=SYSTEM,
        kind=gift.name,
        organisation_id=None,
        from_amount_fen=0,
        levels=[{"role": "", "at": "own"}, {"role": "", "at": "head_office"}],
    )
    request = a_request(gift, someone(root), root)
    decided(someone(root), request)

    assert refused(lambda: decided(someone(root), request)).code == "approval_moved"

    assert standing(request) == ("open", 1, 1)
    assert gift.done == []


def test_of_two_who_decide_at_once_one_is_told_that_the_other_was_first(
    gift: Gift, root: Organisation
) -> None:
    request = a_request(gift, someone(root), root)
    checkers = [someone(root), someone(root)]
    start = threading.Barrier(2)
    told: list[str] = []

    def go(checker: Actor, verdict: str) -> None:
        try:
            start.wait()
            decided(checker, request, verdict, comment="看过了")
            told.append(verdict)
        except KaquanError as error:
            told.append(error.code)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=go, args=pair)
        for pair in zip(checkers, ("approve", "reject"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = {"approve", "reject"} & set(told)
    assert set(told) - {winner} == {"approval_closed"}
    assert standing(request)[0] == {"approve": "approved", "reject": "rejected"}[winner]
    assert (gift.done, gift.turned_down) == (
        ([request.pk], []) if winner == "approve" else ([], [request.pk])
    )


def test_without_the_right_to_approve_nobody_decides_and_no_program_ever(
    gift: Gift, root: Organisation
) -> None:
    request = a_request(gift, someone(root), root)
    clerk = someone(root, "", "campaigns.edit", "approvals.view")
    program = Actor(ActorKind.API_KEY, "key:1", "收银系统", frozenset(RIGHTS), "")

    assert refused(lambda: decided(clerk, request)).code == "permission_denied"
    assert refused(lambda: decided(program, request)).code == "approval_people_only"
    assert standing(request) == ("open", 0, 0)


def test_requests_of_another_part_are_out_of_reach(gift: Gift, root: Organisation) -> None:
    north, south = an_organisation("华北", root), an_organisation("华南", root)
    maker = someone(south)
    request = a_request(gift, maker, south)
    stranger = someone(north)

    assert refused(lambda: queries.one(stranger, request.pk)).code == "approval_unknown"
    assert refused(lambda: decided(stranger, request)).code == "approval_unknown"
    assert refused(lambda: withdraw(stranger, request_id=request.pk)).code == "approval_unknown"
    assert queries.page(stranger, None, None, Paging()).rows == []
    assert queries.waiting_for(stranger, Paging()).rows == []
    assert refused(lambda: a_request(gift, stranger, south, subject_id=2)).code == (
        "organisation_unknown"
    )
    assert refused(lambda: a_request(gift, stranger, None, subject_id=2)).code == (
        "organisation_unknown"
    )
    assert ApprovalRequest.objects.count() == 1
    assert ApprovalDecision.objects.count() == 0


def test_what_was_asked_and_decided_stands_in_the_change_log(
    gift: Gift, root: Organisation
) -> None:
    request = a_request(gift, someone(root), root)
    checker = someone(root)
    decided(checker, request, comment="同意，注意库存")

    kept = list(
        Change.objects.filter(kind="approval", object_id=str(request.pk))
        .order_by("id")
        .values_list("verb", "actor_id", "after__state", "after__comment")
    )

    assert kept == [
        ("approvals.ask", request.asked_by, "open", None),
        ("approvals.approve", checker.id, "approved", "同意，注意库存"),
    ]
