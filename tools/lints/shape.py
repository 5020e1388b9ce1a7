"""Files and names that stay easy to find and to read."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.lints.rule import Rule
from tools.lints.source import Finding, Source

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


def _is_generated(source: Source) -> bool:
    return "migrations" in source.place.parts


class FileSize(Rule):
    """A file of a thousand lines holds five ideas, and no reader finds the one that matters."""

    name = "file-size"
    good = (
        {"src/kaquan/ledger/a.py": "a = 1\n" * MAX_FILE_LINES},
        {"src/kaquan/ledger/migrations/a.py": "a = 1\n" * (MAX_FILE_LINES + 1)},
    )
    bad = (
        {"src/kaquan/ledger/a.py": "a = 1\n" * (MAX_FILE_LINES + 1)},
        {"tests/a.py": "a = 1\n" * (MAX_FILE_LINES + 1)},
    )

    def concerns(self, source: Source) -> bool:
        return source.is_python and not _is_generated(source)

    def inspect(self, source: Source) -> Iterator[Finding]:
        lines = len(source.text.splitlines())
        if lines > MAX_FILE_LINES:
            message = f"{lines} lines; {MAX_FILE_LINES} at most: give the second idea its own file"
            yield source.finding(self.name, message, line=1)


class FunctionSize(Rule):
    """A function that does not fit on a screen is reviewed in halves, and the fault is between."""

    name = "function-size"
    good = ({"src/kaquan/a.py": "def f():\n" + "    a = 1\n" * (MAX_FUNCTION_LINES - 1)},)
    bad = (
        {"src/kaquan/a.py": "def f():\n" + "    a = 1\n" * MAX_FUNCTION_LINES},
        {"tests/a.py": "class A:\n    async def f():\n" + "        a = 1\n" * MAX_FUNCTION_LINES},
    )

    def concerns(self, source: Source) -> bool:
        return source.is_python and not _is_generated(source)

    def inspect(self, source: Source) -> Iterator[Finding]:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lines = node.end_lineno - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    message = (
                        f"{node.name} has {lines} lines; {MAX_FUNCTION_LINES} at most: "
                        "name its parts, leave the ifs here and push the loops down"
                    )
                    yield source.finding(self.name, message, node.lineno)


class Names(Rule):
    """Whatever has no better name than `utils` grows until everything imports it."""

    name = "names"
    good = ({"src/kaquan/engine/allocation.py": ""},)
    bad = (
        {"src/kaquan/ledger/utils.py": ""},
        {"src/kaquan/helpers/dates.py": ""},
        {"tests/common/a.py": ""},
        {"src/kaquan/offers/services.py": ""},
        {"src/kaquan/offers/batch_manager.py": ""},
    )
    _banned = frozenset(
        f"{name}{plural}"
        for name in ("common", "helper", "manager", "service", "util")
        for plural in ("", "s")
    )

    def concerns(self, source: Source) -> bool:
        return source.is_python

    def inspect(self, source: Source) -> Iterator[Finding]:
        for part in (*source.place.parent.parts, source.place.stem):
            banned = set(part.lower().split("_")) & self._banned
            if banned:
                message = f"{part}: name it for what it knows, not `{banned.pop()}`"
                yield source.finding(self.name, message, line=1)
