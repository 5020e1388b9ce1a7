"""How messages travel between a worker and its writers."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from kaquan.engine.outcomes import Outcome, OutcomeCode, VoucherResult
from kaquan.surfaces.gateway.writer_process import Answers, Frames, answers_in, frame

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
