"""Which characters the printed fonts have. A rare one would be printed as an empty box."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from importlib.resources import files


@cache
def _covered() -> tuple[list[int], list[int]]:
    """First and last code points of the runs that the fonts have, both in order."""
    lines = (files("kaquan.printing") / "fonts" / "coverage.txt").read_text("ascii").split()
    runs = [line.split("-") for line in lines]
    return [int(run[0], 16) for run in runs], [int(run[-1], 16) for run in runs]


def missing_glyphs(texts: Iterable[str]) -> str:
    """The characters of some texts that cannot be printed, each once, in order."""
    firsts, lasts = _covered()
    found = []
    for character in sorted(set("".join(texts))):
        position = bisect_right(firsts, ord(character)) - 1
        if not character.isspace() and (position < 0 or ord(character) > lasts[position]):
            found.append(character)
    return "".join(found)
