"""How messages travel between a worker and its writers."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.commands import Release
from kaquan.engine.outcomes import Outcome, OutcomeCode, VoucherResult
from kaquan.engine.places import Place
from kaquan.surfaces.gateway.linked_writers import GATHERED_COMMANDS, LinkedWriters
from kaquan.surfaces.gateway.loop_threads import Writers
from kaquan.surfaces.gateway.writer_process import (
    RECEIVED_BYTES_MAX,
    Answers,
    Frames,
    WriterProcess,
    answers_in,
    frame,
    requests_in,
)

AT = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
DONE = Outcome(OutcomeCode.DONE)
SENT: list[Answers] = [
    [(0, [Outcome(OutcomeCode.DONE)])],
    [(1, None), (2, [Outcome(OutcomeCode.ORDER_BELOW_MINIMUM, {"short_fen": 800})] * 300)],
    [(3, [Outcome(OutcomeCode.BUSY), Outcome(OutcomeCode.DONE)])],
]


@given(st.lists(st.integers(1, 5_000), max_size=8))
def test_messages_are_whole_however_the_stream_is_cut(cuts: list[int]) -> None:
    stream = b"".join(map(frame, SENT))
    frames, told = Frames(), []
    for size in [*cuts, len(stream)]:
        told += [answers_in(message) for message in frames.add(stream[:size])]
        stream = stream[size:]

    assert told == SENT


def test_a_moment_keeps_its_zone_on_the_way() -> None:
    at = datetime(2026, 11, 27, 12, 30, 15, 123456, tzinfo=UTC)
    voucher = VoucherResult(serial=1, batch_id=2, version=3, state=4, valid_until=at)
    sent: Answers = [(7, [Outcome(OutcomeCode.DONE, vouchers=(voucher,))])]

    (message,) = Frames().add(frame(sent))

    assert answers_in(message) == sent


def test_who_comes_alone_waits_for_nobody() -> None:
    assert asyncio.run(_sent_after(1, 1, 1)) == ([1, 1, 1], [])


def test_what_follows_a_crowd_is_gathered_and_still_sent_at_the_end() -> None:
    assert asyncio.run(_sent_after(3, 1, 1)) == ([3], [2])


def test_a_crowd_that_is_big_enough_waits_no_longer() -> None:
    assert asyncio.run(_sent_after(3, 1, GATHERED_COMMANDS, 1)) == ([3, GATHERED_COMMANDS + 1], [1])


async def _sent_after(*asked_at_once: int) -> tuple[list[int], list[int]]:
    """How many commands each message holds when so many are asked in one round of the loop and so
    many in later ones: of those sent within a few rounds, and of those sent only at the end."""
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    ended = os.posix_spawnp("true", ["true"], os.environ)
    writers = LinkedWriters(WriterProcess(ours, ended), loop, _no_threads, gather_s=60)
    frames, asked = Frames(), []

    def received() -> list[int]:
        requests = [requests_in(one) for one in frames.add(theirs.recv(RECEIVED_BYTES_MAX))]
        for some in requests:
            theirs.send(frame([(number, [DONE]) for number, _ in some]))
        return [len(some) for some in requests]

    for many in asked_at_once:
        for _ in range(many):
            command = Release(hold=Place(1, 2), at=AT)
            asked.append(asyncio.ensure_future(writers.book([command])))
        for _round in range(3):
            await asyncio.sleep(0)
    at_once = received()
    await asyncio.to_thread(writers.close)
    at_the_end = received()
    assert [await one for one in asked] == [[DONE]] * len(asked)
    loop.remove_reader(ours)
    ours.close()
    theirs.close()
    return at_once, at_the_end


def _no_threads() -> Writers:
    raise AssertionError("the writers are there")
