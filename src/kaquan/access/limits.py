"""How often somebody may call: rates, calls at once, wrong codes, one object hammered.

Everything is judged in this process's memory; only failures are summed with other processes, about
once a second (`kaquan.access.exchange`). The numbers are in `kaquan.access.limit_table`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import ceil
from typing import Final, Literal, NamedTuple

from kaquan.access import failures, limit_table
from kaquan.access.buckets import Buckets
from kaquan.access.callers import Caller, CallRefusal, authentication
from kaquan.access.errors import (
    BUSY,
    OBJECT_BUSY,
    TOO_MANY_AT_ONCE,
    too_many_requests,
    too_many_wrong_codes,
)
from kaquan.access.failures import FailureCounts, Subject
from kaquan.access.sources import subject_of
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration

GATEWAY: Final = "gateway"
"""The hot lane: redeem, claim, hold, validate, look up."""
MANAGEMENT: Final = "management"
"""Everything else."""
_ALL = Subject(failures.ALL, "")


class Verdict(NamedTuple):
    """Whether a call is let in, and what its answer's headers say of the limit."""

    refusal: CallRefusal | None
    headers: list[tuple[bytes, bytes]]


class _Lane:
    """One lane's buckets, and its headers (draft-ietf-httpapi-ratelimit-headers)."""

    def __init__(self, name: str, buckets: Buckets) -> None:
        self.buckets = buckets
        # The quota is the whole bucket, the window the time in which an empty one fills.
        self.window_s = ceil(buckets.burst / buckets.per_s)
        policy = f'"{name}";q={buckets.burst};w={self.window_s}'
        self.policy = (b"ratelimit-policy", policy.encode("ascii"))
        self.state = f'"{name}";r=%d;t=%d'.encode("ascii")


class Limiter:
    """All limits of one process."""

    def __init__(
        self,
        counts: FailureCounts,
        *,
        key_rate_per_s: int,
        key_concurrency: int,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        def buckets(per_s: int, burst: int) -> Buckets:
            return Buckets(per_s=per_s, burst=burst, monotonic_s=monotonic_s)

        table = limit_table
        burst = key_rate_per_s * table.GATEWAY_BURST_S
        self._lanes = {
            GATEWAY: _Lane(GATEWAY, buckets(key_rate_per_s, burst)),
            MANAGEMENT: _Lane(MANAGEMENT, buckets(table.MANAGEMENT_PER_S, table.MANAGEMENT_BURST)),
        }
        self._public = buckets(table.PUBLIC_SOURCE_PER_S, table.PUBLIC_SOURCE_BURST)
        self._objects = {
            "voucher": buckets(table.VOUCHER_PER_S, table.VOUCHER_BURST),
            "batch": buckets(table.BATCH_PER_S, table.BATCH_BURST),
        }
        self._counts = counts
        self._key_concurrency = key_concurrency
        self._in_flight: dict[int, int] = {}
        self._all_in_flight = 0

    def admit(self, caller: Caller, *, lane: str, cost: int = 1, source: str = "") -> Verdict:
        """See `admit` of this module."""
        one = self._lanes[lane]
        if caller.publishable and source:
            wait_s = self._public.take(subject_of(source)[0])
            if wait_s < 0:
                return self._refused(one, 0, -wait_s)
        left = one.buckets.take(caller.key_id, cost)
        if left < 0:
            return self._refused(one, 0, -left)
        return Verdict(None, [one.policy, (b"ratelimit", one.state % (left, one.window_s))])

    def _refused(self, lane: _Lane, left: int, wait_s: float) -> Verdict:
        after_s = ceil(wait_s)
        headers = [lane.policy, (b"ratelimit", lane.state % (left, after_s))]
        return Verdict(too_many_requests(after_s), headers)

    def enter(self, caller: Caller) -> CallRefusal | None:
        """See `enter` of this module."""
        if self._all_in_flight >= limit_table.IN_FLIGHT_MAX:
            return BUSY
        mine = self._in_flight.get(caller.key_id, 0)
        if mine >= self._key_concurrency:
            return TOO_MANY_AT_ONCE
        self._in_flight[caller.key_id] = mine + 1
        self._all_in_flight += 1
        return None

    def leave(self, caller: Caller) -> None:
        """See `leave` of this module."""
        left = self._in_flight.get(caller.key_id, 1) - 1
        if left > 0:
            self._in_flight[caller.key_id] = left
        else:
            self._in_flight.pop(caller.key_id, None)
        self._all_in_flight -= 1

    def object_refusal(self, kind: Literal["voucher", "batch"], number: int) -> CallRefusal | None:
        """See `object_refusal` of this module."""
        return OBJECT_BUSY if self._objects[kind].take(number) < 0 else None

    def note_code_failure(self, *, source: str, caller: Caller | None, forged: bool) -> None:
        """See `note_code_failure` of this module."""
        weight = limit_table.FORGED_WEIGHT if forged else 1
        if caller is not None and not caller.publishable:
            self._counts.add([Subject(failures.KEY, str(caller.key_id))], weight)
            return
        address, network = subject_of(source)
        self._counts.add(
            [Subject(failures.SOURCE, address), Subject(failures.NETWORK, network), _ALL]
        )

    def code_attempts_refusal(self, *, source: str, caller: Caller | None) -> CallRefusal | None:
        """See `code_attempts_refusal` of this module."""
        recent = self._counts.recent
        table = limit_table
        if caller is not None and not caller.publishable:
            mine = recent(Subject(failures.KEY, str(caller.key_id)))
            return too_many_wrong_codes(60) if mine >= table.KEY_FAILURES_PER_MIN else None
        address, network = subject_of(source)
        in_storm = recent(_ALL) >= table.STORM_PER_MIN
        most = table.SOURCE_FAILURES_IN_STORM_PER_MIN if in_storm else table.SOURCE_FAILURES_PER_MIN
        if (
            recent(Subject(failures.SOURCE, address)) >= most
            or recent(Subject(failures.NETWORK, network)) >= table.NETWORK_FAILURES_PER_MIN
        ):
            return too_many_wrong_codes(60)
        return None


counts = authentication.counts
"""What failed in this process, and in others as far as it was told."""


@cache
def _limiter() -> Limiter:
    configuration = current_configuration()
    return Limiter(
        counts,
        key_rate_per_s=configuration.key_rate_per_s,
        key_concurrency=configuration.key_concurrency,
    )


def admit(caller: Caller, *, lane: str, cost: int = 1, source: str = "") -> Verdict:
    """Whether the caller may make this call now; ``cost`` is how many operations are in it.

    The headers belong on the answer in any case. With ``source`` a publishable key, which many
    people share, is also limited by address, so that one of them cannot use it up for all.
    """
    return _limiter().admit(caller, lane=lane, cost=cost, source=source)


def enter(caller: Caller) -> CallRefusal | None:
    """Begin to handle a call; where this returns None, `leave` must follow at its end.

    Refuses when the key has too many calls at once, and anybody when the process has.
    """
    return _limiter().enter(caller)


def leave(caller: Caller) -> None:
    """The call that `enter` began is over, whatever became of it."""
    _limiter().leave(caller)


def object_refusal(kind: Literal["voucher", "batch"], number: int) -> CallRefusal | None:
    """Why no more can be done to this one voucher (its serial) or batch for the moment.

    It slows the object down and locks nothing: nobody can lock somebody else's voucher this way.
    """
    return _limiter().object_refusal(kind, number)


def note_code_failure(*, source: str, caller: Caller | None, forged: bool = False) -> None:
    """A code was wrong: against the caller's secret key, else against the address it came from.

    ``forged`` is one whose check symbol was right and whose proof was not: no slip of the finger.
    """
    _limiter().note_code_failure(source=source, caller=caller, forged=forged)


def code_attempts_refusal(*, source: str, caller: Caller | None = None) -> CallRefusal | None:
    """Why no more codes may be tried from here, after too many wrong ones.

    Pass the caller: who holds a secret key answers for its own wrong codes alone, so that guesses
    by others, even behind the same address, never stop a till.
    """
    return _limiter().code_attempts_refusal(source=source, caller=caller)
