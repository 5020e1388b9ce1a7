"""Token buckets: so much at once, so much a second; in this process's memory alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from kaquan.foundation import clock


class _Bucket:
    __slots__ = ("at_s", "tokens")

    def __init__(self, tokens: float, at_s: float) -> None:
        self.tokens = tokens
        self.at_s = at_s


class Buckets:
    """A bucket for each name, full at first and filling at one rate.

    A call that costs more than a bucket holds passes when the bucket is full, and leaves a debt.
    Threads may race for the last token; one call too many costs less than a lock for each.
    A bucket untouched for long enough to be full again is forgotten.
    """

    def __init__(
        self,
        *,
        per_s: int,
        burst: int,
        names_max: int = 100_000,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        self.per_s = per_s
        self.burst = burst
        self._names_max = names_max
        self._monotonic_s = monotonic_s
        self._young: dict[Hashable, _Bucket] = {}
        self._old: dict[Hashable, _Bucket] = {}
        self._keep_s = burst / per_s + 1
        self._turn_s = monotonic_s() + self._keep_s

    def take(self, name: Hashable, cost: int = 1) -> float:
        """Take ``cost`` tokens and return how many are left; where there are too few, take none
        and return the seconds until there are enough, as a negative number."""
        now_s = self._monotonic_s()
        bucket = self._young.get(name)
        if bucket is None:
            bucket = self._bring_forward(name, now_s)
        tokens = bucket.tokens + (now_s - bucket.at_s) * self.per_s
        burst = self.burst
        tokens = min(tokens, burst)
        bucket.at_s = now_s
        needed = cost if cost < burst else burst
        if tokens < needed:
            bucket.tokens = tokens
            return (tokens - needed) / self.per_s
        bucket.tokens = tokens - cost
        left = tokens - cost
        return left if left > 0 else 0.0

    def _bring_forward(self, name: Hashable, now_s: float) -> _Bucket:
        if now_s >= self._turn_s or len(self._young) >= self._names_max:
            self._old, self._young = self._young, {}
            self._turn_s = now_s + self._keep_s
        bucket = self._old.pop(name, None) or _Bucket(self.burst, now_s)
        self._young[name] = bucket
        return bucket
