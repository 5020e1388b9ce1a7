"""The keys under which API keys are hashed, out of the key file."""

from __future__ import annotations

from collections.abc import Callable

from kaquan.foundation import clock, keys
from kaquan.foundation.configuration import current_configuration

PURPOSE = "api-key"
REREAD_S = 1.0


def load_peppers() -> tuple[keys.Key, ...]:
    """All of them, the one for new keys first."""
    return keys.load_or_create(current_configuration().key_file).all(PURPOSE)


class Peppers:
    """The peppers as last read; another process may have put a new one in front since."""

    def __init__(
        self,
        load: Callable[[], tuple[keys.Key, ...]] = load_peppers,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        self._load = load
        self._monotonic_s = monotonic_s
        self._read_s = float("-inf")
        self.known: tuple[keys.Key, ...] = ()

    def read_again(self) -> bool:
        """Read them, at most once a second; whether there are others than before."""
        now_s = self._monotonic_s()
        if now_s - self._read_s < REREAD_S:
            return False
        self._read_s = now_s
        before, self.known = self.known, self._load()
        return self.known != before
