"""Many processes fight for vouchers and for budgets: exactly so many may win."""

from __future__ import annotations

import random
from collections import Counter
from time import perf_counter

from benchmarks.server import Bench
from benchmarks.soak.racers import Contend, Spend
from benchmarks.soak.verdict import Verdict
from kaquan.engine.commands import AnyCommand, DefineBatch, Mint, OpenBudget
from kaquan.engine.lifecycle import State
from kaquan.engine.rules.reading import terms_bytes
from kaquan.foundation.postgres.urls import connection_urls
from kaquan.ledger.door import Door, open_door
from tests.builders.books import faults, number
from tests.builders.ledger import NOON, BuiltBatch, a_batch, claim, default_terms, done
from tests.races.racing import race

CALL = 500
FIRST_ID = 1_000_000  # above those that the builders count up


def vouchers(verdict: Verdict, bench: Bench, *, quantity: int, racers: int, processes: int) -> None:
    """Every voucher is wanted by so many racers; half of them are paper, half a customer's."""
    assert racers % processes == 0, (racers, processes)
    door = open_door()
    batch = a_batch(door, quantity=quantity, budget_id=0)
    _claim_half(door, batch)
    part = Contend(batch.serials, racers // processes)
    start_s = perf_counter()
    results = race(connection_urls(bench.configuration).app, [part] * processes, timeout_s=3_600)
    took_s = perf_counter() - start_s
    won = Counter(serial for serials, _ in results for serial in serials)
    told: Counter[str] = sum((Counter(one) for _, one in results), Counter())
    verdict.note("attempts", sum(told.values()))
    verdict.note("attempts a second", sum(told.values()) / took_s)
    verdict.expect("successes", told["DONE"], quantity)
    verdict.expect("refused as used", told["VOUCHER_USED"], quantity * (racers - 1))
    verdict.expect("vouchers won by exactly one", [*won.values()].count(1), quantity)
    with bench.connect() as connection:
        used = "SELECT count(*) FROM ledger_voucher WHERE batch_id = %s AND state = %s"
        verdict.expect(
            "vouchers used in the books",
            number(connection, used, batch.batch_id, State.USED),
            quantity,
        )
        booked = (
            "SELECT count(DISTINCT serial) FROM ledger_entry WHERE operation = 11 AND batch_id = %s"
        )
        verdict.expect(
            "redemptions in the books", number(connection, booked, batch.batch_id), quantity
        )
    verdict.expect("faults that the proof finds", len(faults(bench.connect)), 0)
    door.close()


def _claim_half(door: Door, batch: BuiltBatch) -> None:
    for first in range(0, batch.quantity // 2, CALL):
        serials = batch.serials[first : min(first + CALL, batch.quantity // 2)]
        done(door, *[claim(batch, customer_id=serial, serial=serial) for serial in serials])


def budgets(verdict: Verdict, bench: Bench, *, quantity: int, processes: int) -> None:
    """Random budgets with room for exactly K uses; face, K and how many are asked for by chance."""
    door = open_door()
    chance = random.Random(4)
    faces, rooms = [], []
    shares: list[list[tuple[int, int]]] = [[] for _ in range(processes)]
    commands: list[AnyCommand] = []
    for index in range(quantity):
        # Below what the order comes to, so that each use costs the whole face.
        face, room = chance.randint(1, 9_000), chance.randint(0, 2 * processes)
        faces.append(face)
        rooms.append(room)
        commands += _a_budget(FIRST_ID + index, face, room, chance.randint(0, face - 1))
        commands.append(Mint(at=NOON, batch_id=FIRST_ID + index, quantity=2 * processes))
    minted = []
    for first in range(0, len(commands), CALL):
        outcomes = door.submit(commands[first : first + CALL])
        assert all(one.done for one in outcomes)
        minted += [one.data["first_serial"] for one in outcomes if "first_serial" in one.data]
    for first_serial in minted:
        assert isinstance(first_serial, int)
        for process, share in enumerate(shares):
            share.append((first_serial + 2 * process, chance.choice((1, 2, 2))))
    wanted = [sum(share[index][1] for share in shares) for index in range(quantity)]
    url = connection_urls(bench.configuration).app
    start_s = perf_counter()
    results = race(url, [Spend(share) for share in shares], timeout_s=3_600)
    verdict.note("uses asked for a second", sum(wanted) / (perf_counter() - start_s))
    got = [sum(done[index] for done in results) for index in range(quantity)]
    exact = sum(
        one == min(room, asked) for one, room, asked in zip(got, rooms, wanted, strict=True)
    )
    verdict.expect("budgets that paid for exactly as many as they had room for", exact, quantity)
    with bench.connect() as connection:
        spent = number(
            connection, "SELECT sum(spent_fen) FROM ledger_budget WHERE budget_id >= %s", FIRST_ID
        )
    given = sum(one * face for one, face in zip(got, faces, strict=True))
    verdict.expect("fen spent in the books, of those told to tills", spent, given)
    door.close()


def _a_budget(number: int, face_fen: int, room: int, rest_fen: int) -> list[AnyCommand]:
    benefit = {"kind": "amount_off", "amount_fen": face_fen}
    terms = terms_bytes(default_terms(benefit=benefit, commit="redeem"))
    return [
        OpenBudget(at=NOON, budget_id=number, total_fen=face_fen * room + rest_fen),
        DefineBatch(at=NOON, batch_id=number, terms=terms, budget_id=number, by_code=True),
    ]
