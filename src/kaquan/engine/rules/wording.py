"""What both languages need to put terms into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct

from kaquan.engine.rules.terms import Limit

NAMES_SHOWN = 20


class Sentence(Struct, frozen=True):
    """One rule in words. ``printed``: it is for the holder; the others are for operators only."""

    topic: str
    text: str
    printed: bool = True


class Names:
    """Words for keys; a key without one stands for itself."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def of(self, kind: str, keys: Iterable[object]) -> list[str]:
        """The words for some keys of one kind."""
        return [self._names.get(f"{kind}:{key}", str(key)) for key in keys]


def limit_sentence(limit: Limit, text: str) -> Sentence:
    """A limit in words. What a channel may hand out does not concern whoever has a voucher."""
    return Sentence("limits", text, printed=(limit.dimension, limit.at) != ("channel", "claim"))


def runs_of(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as runs of neighbours, each by its first and last."""
    runs: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def date_runs(dates: Sequence[date]) -> list[tuple[date, date]]:
    """Dates as runs of neighbouring days, each by its first and last."""
    origin = date.min
    return [
        (origin + timedelta(days=first), origin + timedelta(days=last))
        for first, last in runs_of((one - origin).days for one in dates)
    ]


def decimal(number: int, places: int) -> str:
    """``number`` / 10^``places`` without zeros at the end: decimal(8500, 3) is 8.5."""
    whole, part = divmod(number, 10**places)
    digits = f"{part:0{places}}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
