"""What commands print: results on standard output, for people or as JSON; the rest on stderr."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

PIPED_WIDTH = 160

Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="以 JSON 输出，字段稳定，金额以分计 · print JSON: stable fields, amounts in fen",
    ),
]


def stdout() -> Console:
    """Where results go. Nothing that people typed is read as markup."""
    return _console(stderr=False)


def stderr() -> Console:
    """Where progress and explanations go."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(stderr=stderr, markup=False, highlight=False, width=width, soft_wrap=True)


def show(value: Mapping[str, Any], *, json: bool, people: Callable[[Console], None]) -> None:
    """Print a result: ``value`` as JSON, or what ``people`` prints."""
    if json:
        encoded = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2)
        sys.stdout.write(encoded.decode() + "\n")
    else:
        people(stdout())


def table(*columns: str, right: tuple[int, ...] = ()) -> Table:
    """An empty table; the columns at the places ``right`` hold numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        made.add_column(column, justify="right" if place in right else "left", overflow="fold")
    return made


def plain(text: str) -> str:
    """``text`` as it may be shown: without what steers terminals, without half surrogates."""
    return "".join(
        "\ufffd" if unicodedata.category(character) in ("Cc", "Cs") else character
        for character in text
    )


def both(zh: str, en: str) -> str:
    """A short label in both languages."""
    return f"{zh} {en}"
