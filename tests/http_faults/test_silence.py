"""A stranger learns nothing from a code: whatever is wrong with it, the same is done for it."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from itertools import count
from typing import Any

import psycopg
import pytest

from kaquan.access import limit_table
from kaquan.access.failures import FailureCounts
from kaquan.access.limits import Limiter
from kaquan.access.models import KeyKind
from kaquan.engine.commands import Freeze, Transfer
from kaquan.foundation import clock
from kaquan.ledger.connections import LedgerConnection
from kaquan.ledger.door import Door
from kaquan.ledger.rehearsal import Rehearsal
from kaquan.redemption import codes
from kaquan.redemption.codes import new_code
from tests.builders.access import a_key
from tests.builders.ledger import a_batch, a_claimed_voucher, claim, done, redeem
from tests.http_faults.callers import Answer
from tests.http_faults.in_process import Ask, with_gateway
from tests.http_faults.issuer import ALWAYS, LONG_AGO
from tests.http_faults.storm import FORGED, forged_code

_sources = count(1)


@pytest.fixture
def bad(door: Door) -> dict[str, str]:
    """Codes that are no good to a stranger, by why."""
    now = clock.now()
    batch = a_batch(door, at=now, validity=ALWAYS)
    late = a_batch(door, at=now, validity=LONG_AGO)
    used, frozen, theirs = batch.serial(0), batch.serial(1), batch.serial(2)
    done(door, redeem(used, at=now), Freeze(at=now, serial=frozen, reason="test"))
    done(door, claim(batch, serial=theirs, customer_id=7, at=now))
    gift = a_claimed_voucher(door, at=now, validity=ALWAYS, transferable=True)
    done(door, Transfer(at=now, serial=gift, from_customer_id=7, to_customer_id=8))
    serials = {
        "used": used,
        "frozen": frozen,
        "theirs": theirs,
        "expired": late.serial(0),
        "passed on": gift,
    }
    codes = {reason: new_code(serial) for reason, serial in serials.items()}
    return {**codes, FORGED: forged_code(random.Random(1))}


@pytest.fixture
def public_key() -> str:
    """A key that everybody may know."""
    kind = KeyKind.PUBLISHABLE
    return a_key("wallet.claim", "wallet.view", at=clock.now(), kind=kind).text


def a_source() -> str:
    """An address from whose network nobody has guessed yet."""
    high, low = divmod(next(_sources), 250)
    return f"127.{77 + high}.{low}.1"


@pytest.fixture(autouse=True)
def own_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted here is not held against other tests of this process."""
    limiter = Limiter(FailureCounts(), key_rate_per_s=100_000, key_concurrency=100)
    monkeypatch.setattr("kaquan.access.limits._limiter", lambda: limiter)


def test_as_much_is_read_for_a_code_of_nobodys_as_for_one_that_is_used_or_somebody_elses(
    bad: dict[str, str], public_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = psycopg.Cursor.execute
    statements: list[str] = []

    def noted(self: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        if threading.current_thread().name.startswith("kaquan-"):  # for a call, not for its key
            statements.append(str(query))
        return execute(self, query, *arguments, **named)

    async def ask_all(ask: Ask) -> dict[str, list[list[str]]]:
        read = defaultdict(list)
        for turn in range(4):
            for reason, code in bad.items():
                statements.clear()
                answer = await ask("lookups", {"code": code}, source=a_source())
                assert answer.status == 404
                if turn:  # first, connections and batches are got to know
                    read[reason].append([*statements])
        return read

    # Whether there are foreign codes is asked once, in the first turn, and not in between.
    monkeypatch.setattr(codes, "_pools_exist", False)  # another test's database may have had some
    monkeypatch.setattr(codes, "_pools_asked_s", float("-inf"))
    monkeypatch.setattr(codes, "POOLS_KNOWN_S", 3_600.0)
    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    read = with_gateway(public_key, ask_all)
    (first, *others) = [one for some in read.values() for one in some]
    assert len(first) >= 4, first
    assert others == [first] * (3 * len(bad) - 1)


def test_what_is_asked_for_too_often_is_told_so_whether_or_not_there_is_such_a_voucher(
    bad: dict[str, str], public_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit_table, "VOUCHER_BURST", 2)
    monkeypatch.setattr(limit_table, "VOUCHER_PER_S", 1e-9)
    limiter = Limiter(FailureCounts(), key_rate_per_s=100_000, key_concurrency=100)
    monkeypatch.setattr("kaquan.access.limits._limiter", lambda: limiter)

    async def ask_all(ask: Ask) -> dict[str, list[tuple[int, bytes]]]:
        found = {}
        for reason in ("used", FORGED):
            answers = [
                await ask("lookups", {"code": bad[reason]}, source=a_source()) for _ in range(4)
            ]
            found[reason] = [(one.status, one.body) for one in answers]
        return found

    found = with_gateway(public_key, ask_all)
    assert found["used"] == found[FORGED]
    assert [status for status, _ in found["used"]] == [404, 404, 429, 429]


def test_while_the_database_is_away_no_code_is_told_from_another(
    bad: dict[str, str], public_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> Any:
        raise psycopg.OperationalError

    async def ask_all(ask: Ask) -> list[Answer]:
        return [await ask("lookups", {"code": code}, source=a_source()) for code in bad.values()]

    monkeypatch.setattr(Rehearsal, "_attempt", away)
    monkeypatch.setattr(LedgerConnection, "reopen", lambda _: False)
    answers = with_gateway(public_key, ask_all)
    assert {(one.status, one.body) for one in answers} == {(503, answers[0].body)}
    assert {one.headers["retry-after"] for one in answers} == {"1"}
