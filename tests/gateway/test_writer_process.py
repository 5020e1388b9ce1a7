"""How messages travel between a worker and its writers."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import UTC, datetime

import msgspec
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
    Requests,
    WriterProcess,
    answers_in,
    frame,
)

AT = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
DONE = Outcome(OutcomeCode.DONE)
_requests = msgspec.msgpack.Decoder(Requests)
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


def test_what_rounds_of_the_loop_in_a_row_ask_goes_in_one_message() -> None:
    assert asyncio.run(_sizes_of_messages(1, 2, 3)) == [6]


def test_who_comes_alone_is_sent_after_a_few_rounds_without_a_clock() -> None:
    assert asyncio.run(_sizes_of_messages(1, 0, 0, 0, 1)) == [1, 1]


def test_a_crowd_is_sent_as_soon_as_it_is_one() -> None:
    crowd = GATHERED_COMMANDS

    assert asyncio.run(_sizes_of_messages(crowd, 1, 0, 0)) == [crowd, 1]


async def _sizes_of_messages(*asked_in_rounds: int) -> list[int]:
    """How many commands each message holds when so many are asked in each round of the loop."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)  # each message is read by itself
    loop = asyncio.get_running_loop()
    ended = os.posix_spawnp("true", ["true"], os.environ)
    writers = LinkedWriters(WriterProcess(ours, ended), loop, _no_threads)
    asked = []
    for many in asked_in_rounds:
        command = Release(hold=Place(1, 2), at=AT)
        asked += [asyncio.ensure_future(writers.book([command])) for _ in range(many)]
        await asyncio.sleep(0)
    closing = loop.run_in_executor(None, writers.close)
    sizes: list[int] = []
    while message := await asyncio.to_thread(theirs.recv, RECEIVED_BYTES_MAX):
        requests = [_requests.decode(one) for one in Frames().add(message)]
        sizes += [len(some) for some in requests]
        for some in requests:
            answers: Answers = [(number, [DONE]) for number, _ in some]
            theirs.send(frame(answers))
    assert [await one for one in asked] == [[DONE]] * len(asked)
    theirs.close()
    await closing
    loop.remove_reader(ours)
    ours.close()
    return sizes


def _no_threads() -> Writers:
    raise AssertionError("the writers are there")
