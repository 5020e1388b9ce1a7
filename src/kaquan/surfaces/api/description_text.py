"""What the description says of every call (``description.md``), and the numbers of the limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kaquan.access.limit_table import LIMITS
from kaquan.foundation.configuration import SETTINGS


class _Number(NamedTuple):
    """A limit as the document tells it; `setting`: by which setting it is another."""

    name: str
    number: int
    per: str
    zh: str
    en: str
    setting: str = ""


def about() -> str:
    """The text before all operations, the limits at its end."""
    lines = ["| | | | |", "|---|---|---|---|"]
    for one in _numbers():
        setting = f" (`{one.setting}`)" if one.setting else ""
        lines.append(
            f"| `{one.name}` | {one.number:,} | {one.per} | {one.zh} · {one.en}{setting} |"
        )
    text = Path(__file__).with_name("description.md").read_text(encoding="utf-8")
    return text + "\n" + "\n".join(lines) + "\n"


def limits() -> list[dict[str, Any]]:
    """The numbers of the limits, for machines; of what a setting changes, its default."""
    return [
        {name: value for name, value in one._asdict().items() if value != ""} for one in _numbers()
    ]


def _numbers() -> Iterator[_Number]:
    yield _of_setting("gateway", "key_rate_per_s", "operation/s, key, process")
    yield _of_setting("concurrency", "key_concurrency", "request, key, process")
    for limit in LIMITS:
        yield _Number(*limit)


def _of_setting(name: str, field: str, per: str) -> _Number:
    (setting,) = (one for one in SETTINGS if one.field == field)
    zh, en = setting.zh.rstrip("。"), setting.en.rstrip(".")
    return _Number(name, int(setting.default_text), per, zh, en, setting.name)
