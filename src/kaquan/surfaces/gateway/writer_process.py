"""The writers of a worker in a process of their own: booking and answering do not take turns.

One process runs Python on one core at a time. Where writers are threads beside the event loop, each
of a block's two dozen exchanges with the database waits for the loop to pause, and a small block
takes five times as long as alone (docs/decisions/0030). The worker is split in two before it has
threads; its halves talk over a pair of sockets, in frames: four bytes of length, then MessagePack.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import msgspec

from kaquan.engine.commands import AnyCommand
from kaquan.engine.outcomes import Outcome
from kaquan.ledger.batcher import Answer, Batcher

Requests = list[tuple[int, Sequence[AnyCommand]]]
"""Commands to book together, each with the number that its answer is to carry."""

Answers = list[tuple[int, list[Outcome] | None]]
"""Outcomes by number; None: a bug of ours, which the writers' process has logged."""

RECEIVED_BYTES_MAX: Final = 1 << 18
_LENGTH_BYTES: Final = 4

_encoder: Final = msgspec.msgpack.Encoder()
_requests: Final = msgspec.msgpack.Decoder(list[tuple[int, list[AnyCommand]]])
_answers: Final = msgspec.msgpack.Decoder(list[tuple[int, list[Outcome] | None]])

log = logging.getLogger(__name__)


class WriterProcess(NamedTuple):
    """The worker's end of the sockets, and the process at the other end."""

    link: socket.socket
    pid: int


def split_off_writers(writers: int) -> WriterProcess:
    """Fork the process that writes; to be called while there is one thread only.

    The new process ends when the other end of its socket is closed, by whatever, and everything
    that it was asked is booked.
    """
    assert threading.active_count() == 1, "a fork would take the threads' locks along"
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            _write(theirs, writers)
        except BaseException:
            log.exception("the writers' process failed")
            os._exit(1)
        os._exit(0)
    theirs.close()
    return WriterProcess(ours, pid)


def frame(message: Requests | Answers) -> bytes:
    """A message as it is sent."""
    packed = _encoder.encode(message)
    return len(packed).to_bytes(_LENGTH_BYTES, "big") + packed


class Frames:
    """Puts frames together again."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def add(self, data: bytes) -> Iterator[bytes]:
        """The messages that are whole now."""
        rest = self._rest
        rest += data
        begin = 0
        while len(rest) >= begin + _LENGTH_BYTES:
            end = begin + _LENGTH_BYTES + int.from_bytes(rest[begin : begin + _LENGTH_BYTES], "big")
            if len(rest) < end:
                break
            yield bytes(rest[begin + _LENGTH_BYTES : end])
            begin = end
        del rest[:begin]


def answers_in(message: bytes) -> Answers:
    """The answers of one message."""
    return _answers.decode(message)


def _write(link: socket.socket, writers: int) -> None:
    """Book what comes until the other end is closed."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)  # the worker ends in order, and its end is ours
    kept = link.fileno()  # not the port: it would stay taken if the worker were killed
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # as in the worker
    batcher = Batcher(writers=writers)
    sending = threading.Lock()

    def deliver(answered: list[tuple[Any, Answer]]) -> None:
        told = frame(
            [(number, None if isinstance(one, Exception) else one) for number, one in answered]
        )
        with sending, suppress(OSError):  # nobody is left to be told
            link.sendall(told)

    frames = Frames()
    with suppress(ConnectionError):
        while data := link.recv(RECEIVED_BYTES_MAX):
            for message in frames.add(data):
                for number, commands in _requests.decode(message):
                    batcher.post(commands, number, deliver)
    batcher.close()
