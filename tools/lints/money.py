"""Money is an integer of fen, from the order line to the last report."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.lints.rule import Rule
from tools.lints.source import Finding, Source

_CORE = ("src/kaquan/engine", "src/kaquan/ledger")
_SECONDS = re.compile(r"_s(_max|_min)?$", re.IGNORECASE)


class FloatMoney(Rule):
    """0.1 + 0.2 is not 0.3: one float on the way, and the sum of the lines is not the order."""

    name = "float-money"
    good = (
        {
            "src/kaquan/engine/a.py": (
                "def share_fen(amount_fen: int, percent: int) -> int:\n"
                "    assert not isinstance(amount_fen, float)\n"
                "    return amount_fen * percent // 100\n"
            )
        },
        {
            "src/kaquan/ledger/a.py": (
                "from pathlib import Path\n"
                'TEXT = (Path(__file__).parent / "sql" / f"{1}.sql").read_text()\n'
            )
        },
        {"src/kaquan/analytics/a.py": "rate = used / minted\nwait_s = 0.5\n"},
        {"src/kaquan/ledger/a.py": "RETRY_S = 0.05\nwait_s_max: float = 10.0\nf(timeout_s=0.5)\n"},
        {"src/kaquan/surfaces/a.py": 'text = f"{amount_fen // 100}.{amount_fen % 100:02}"\n'},
    )
    bad = (
        {"src/kaquan/engine/a.py": "rate = 0.88\n"},
        {"src/kaquan/ledger/a.py": "sleep(0.05)\n"},
        {"src/kaquan/engine/a.py": "half = total / 2\n"},
        {"src/kaquan/ledger/a.py": "total /= 2\n"},
        {"src/kaquan/ledger/a.py": "total = float(text)\n"},
        {"src/kaquan/surfaces/a.py": "yuan = amount_fen / 100\n"},
        {"src/kaquan/surfaces/a.py": "yuan = row.amount_fen / 100\n"},
        {"src/kaquan/surfaces/a.py": 'yuan = row["amount_fen"] / 100\n'},
        {"src/kaquan/surfaces/a.py": "amount_fen /= 100\n"},
        {"src/kaquan/analytics/a.py": "yuan = float(sum(row.paid_fen for row in rows))\n"},
        {"tests/a.py": "expected = order_fen * 0.88\n"},
    )
    _remedy = "keep integer fen, use // (for paths: joinpath; for seconds: a name ending in _s)"

    def concerns(self, source: Source) -> bool:
        return source.is_python

    def inspect(self, source: Source) -> Iterator[Finding]:
        in_core = source.inside(*_CORE)
        durations = set(_durations(source.tree))
        for node in ast.walk(source.tree):
            what = None if node in durations else self._breach(node, in_core=in_core)
            if what:
                assert isinstance(node, ast.expr | ast.stmt)
                yield source.finding_at(self.name, f"{what}: {self._remedy}", node)

    def _breach(self, node: ast.AST, *, in_core: bool) -> str | None:
        match node:
            case ast.Constant(value=float()) if in_core:
                return "a float"
            case ast.Call(func=ast.Name(id="float")) if in_core or _names_fen(node):
                return "float()"
            case ast.BinOp(op=ast.Div()) if _is_path(node):
                return None
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                return "division into a float" if in_core or _names_fen(node) else None
            case ast.BinOp(op=ast.Mult(), left=left, right=right) if _names_fen(node):
                return "fen times a float" if _is_float(left) or _is_float(right) else None
        return None


def _durations(tree: ast.Module) -> Iterator[ast.expr]:
    """The values of names whose unit is seconds: ``wait_s = 0.5`` is plainly no money."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                | ast.keyword(arg=str(name), value=value)
            ) if _SECONDS.search(name):
                yield value


def _names_fen(node: ast.AST) -> bool:
    """Whether an amount in fen takes part: a name, attribute or key that ends in ``_fen``."""
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name.endswith("_fen"):
                return True
            case ast.Subscript(slice=ast.Constant(value=str(name))) if name.endswith("_fen"):
                return True
    return False


def _is_float(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def _is_path(node: ast.expr) -> bool:
    """Whether ``/`` joins a path: somewhere along the chain stands a string."""
    match node:
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            return _is_path(left) or _is_path(right)
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
    return False
