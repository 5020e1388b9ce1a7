"""Advisory locks are numbers: two purposes with one number wait for each other for ever."""

import re
from collections import defaultdict
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "kaquan"
# A name in capitals that ends in what we call such numbers, where locks of this kind are taken.
_NUMBER = re.compile(
    r"^(_?[A-Z_]*(?:TURN|LOCK|LOCKS))(?:: int)? = (0x[0-9a-f_]+|[\d_]+)\b", re.MULTILINE
)


def test_no_two_purposes_share_an_advisory_lock() -> None:
    found: dict[int, list[str]] = defaultdict(list)
    for path in SOURCES.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "advisory" in text:
            for name, number in _NUMBER.findall(text):
                found[int(number, 0)].append(f"{path.relative_to(SOURCES)}: {name}")
    assert len(found) >= 6, "the names of these numbers are others now"
    assert {number: names for number, names in found.items() if len(names) > 1} == {}
