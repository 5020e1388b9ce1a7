"""Run every rule over the repository: ``python -m tools.lints``. Exits 1 when one is broken."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.lints.clock import NaiveNow
from tools.lints.ledger_schema import LedgerSchema
from tools.lints.money import FloatMoney
from tools.lints.purity import EngineClockRandom, EngineImports
from tools.lints.router_sql import RouterSql
from tools.lints.rule import Rule
from tools.lints.shape import FileSize, FunctionSize, Names
from tools.lints.source import Finding, Source
from tools.lints.writes import LedgerWrites

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "tools", "tests", "benchmarks")
RULES: tuple[type[Rule], ...] = (
    EngineClockRandom,
    EngineImports,
    FileSize,
    FloatMoney,
    FunctionSize,
    LedgerSchema,
    LedgerWrites,
    NaiveNow,
    Names,
    RouterSql,
)


def gather(root: Path) -> Iterator[Source]:
    """The repository's own Python and SQL; what others wrote lies in folders named ``vendor``."""
    paths = [root / "dev"]
    for folder in FOLDERS:
        for pattern in ("*.py", "*.sql"):
            paths += (root / folder).rglob(pattern)
    for path in sorted(paths):
        relative = path.relative_to(root)
        if path.is_file() and "vendor" not in relative.parts:
            yield Source(relative.as_posix(), path.read_text(encoding="utf-8"))


def lint(sources: Sequence[Source], rules: Sequence[type[Rule]] = RULES) -> list[Finding]:
    """Every breach that is not excused, and every excuse that is wrong or excuses nothing."""
    found: list[Finding] = []
    readable = []
    for source in sources:
        try:
            if source.is_python:
                ast.parse(source.text)
        except SyntaxError as error:
            found.append(source.finding("syntax", error.msg, error.lineno or 1))
        else:
            readable.append(source)
    breaches = [breach for rule in rules for breach in rule().check(readable)]
    lifted: set[Finding] = set()
    for source in readable:
        own = [breach for breach in breaches if breach.path == source.path]
        for excuse in source.excuses:
            excused = {breach for breach in own if excuse.lifts(breach)}
            lifted |= excused
            if excuse.rule is None:
                message = "write `kaquan-allow: rule-name because <reason>`"
                found.append(source.finding("excuse", message, excuse.line))
            elif not excused:
                message = f"nothing here breaks {excuse.rule}: take the excuse away"
                found.append(source.finding("excuse", message, excuse.line))
    return sorted(found + [breach for breach in breaches if breach not in lifted])


def main() -> int:
    findings = lint(list(gather(ROOT)))
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
