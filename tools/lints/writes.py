"""One door writes the ledger."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.lints.rule import Rule
from tools.lints.source import Finding, Source
from tools.lints.sql import without_comments

_TABLE = r'(?:"?\w+"?\s*\.\s*)?"?ledger_\w+"?'
_WRITES = re.compile(
    rf"""\b(?:
        insert \s+ into \s+ {_TABLE}
      | update \s+ (?:only\s+)? {_TABLE}
      | delete \s+ from \s+ (?:only\s+)? {_TABLE}
      | merge \s+ into \s+ (?:only\s+)? {_TABLE}
      | truncate \s+ [^;]*? {_TABLE}
      | copy \s+ {_TABLE} \s* (?:\([^)]*\)\s*)? from\b
      | (?:alter|drop) \s+ table \s+ (?:if\s+exists\s+)? (?:only\s+)? {_TABLE}
    )""",
    re.IGNORECASE | re.VERBOSE,
)


class LedgerWrites(Rule):
    """A second writer skips the locks, the limits and the hash chain, and money appears."""

    name = "ledger-writes"
    good = (
        {"src/kaquan/ledger/door.py": 'run("insert into ledger_entries values (1)")\n'},
        {"src/kaquan/ledger/sql/a.sql": "update ledger_vouchers set state = 1 where shard = $1;\n"},
        {"src/kaquan/analytics/a.py": 'run("select 1 from ledger_entries for update of x")\n'},
        {"src/kaquan/analytics/a.py": 'run("copy ledger_entries to stdout")\n'},
        {"src/kaquan/analytics/a.py": 'run("update analytics_counters set n = 1")\n'},
        {"src/kaquan/analytics/a.py": 'def f():\n    """Never update ledger_entries here."""\n'},
        {"src/kaquan/analytics/sql/a.sql": "-- not: delete from ledger_entries\nselect 1;\n"},
    )
    bad = (
        {"src/kaquan/redemption/a.py": 'run("INSERT INTO ledger_entries VALUES (1)")\n'},
        {"src/kaquan/redemption/a.py": 'run("""\n  update only\n  ledger_vouchers set a=1""")\n'},
        {"src/kaquan/redemption/a.py": "run(f'delete from public.\"ledger_a\" where id={i}')\n"},
        {"src/kaquan/redemption/a.py": 'run("with a as (insert into " "ledger_holds select 1)")\n'},
        {"src/kaquan/redemption/a.py": 'run("truncate table other, ledger_blocks")\n'},
        {"src/kaquan/redemption/a.py": 'run("copy ledger_entries (a, b) from stdin")\n'},
        {"src/kaquan/redemption/a.py": 'run("merge into ledger_limits using a on true")\n'},
        {"tests/a.py": 'run("alter table ledger_entries disable trigger all")\n'},
        {"benchmarks/a.py": 'run("drop table if exists ledger_entries")\n'},
        {"src/kaquan/analytics/sql/a.sql": "select 1;\nupdate ledger_blocks set hash = '';\n"},
    )

    def concerns(self, source: Source) -> bool:
        # The samples of these very rules are such statements.
        return not source.inside("src/kaquan/ledger", "tools/lints")

    def inspect(self, source: Source) -> Iterator[Finding]:
        if source.is_python:
            for node, text in _strings(source.tree):
                match = _WRITES.search(text)
                if match:
                    yield source.finding_at(self.name, _message(match), node)
            return
        text = without_comments(source.text)
        for match in _WRITES.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield source.finding(self.name, _message(match), line)


def _message(match: re.Match[str]) -> str:
    statement = " ".join(match[0].split())
    return f"`{statement}`: hand a command to kaquan.ledger.door.submit"


def _strings(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Every string of the code, f-strings with their gaps left empty; no docstrings."""
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inner.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            parts = [part for part in node.values if isinstance(part, ast.Constant)]
            inner.update(map(id, parts))
            yield node, "".join(str(part.value) for part in parts)
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner
        ):
            yield node, node.value
