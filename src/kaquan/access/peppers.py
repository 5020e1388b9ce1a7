"""The keys under which API keys are hashed, out of the key file."""

from __future__ import annotations

from collections.abc import Callable

from kaquan.access.key_text import ReadKey, read_key
from kaquan.foundation import clock, keys
from kaquan.foundation.configuration import current_configuration

PURPOSE = "api-key"
REREAD_S = 1.0


def load_peppers() -> tuple[keys.Key, ...]:
    """All of them, the one for new keys first."""
    return keys.load_or_create(current_configuration().key_file).all(PURPOSE)


class Peppers:
    """The peppers as last read; read again, at most once a second, when one does not fit: another
    process may have put a new one in front."""

    def __init__(
        self,
        load: Callable[[], tuple[keys.Key, ...]] = load_peppers,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        self._load = load
        self._monotonic_s = monotonic_s
        self._known: tuple[keys.Key, ...] = ()
        self._read_s = float("-inf")

    def read(self, text: str) -> ReadKey | None:
        """What a key's text says; None where it was not made with one of the peppers."""
        found = read_key(text, self._known)
        if found is not None:
            return found
        now_s = self._monotonic_s()
        if now_s - self._read_s < REREAD_S:
            return None
        self._read_s = now_s
        self._known = self._load()
        return read_key(text, self._known)
