"""What a name in a Python file really stands for, told from its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def imported_modules(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    """Every import statement with the full name of each module (or module member) it brings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield node, f"{node.module}.{alias.name}"


def bindings(tree: ast.Module) -> dict[str, str]:
    """Local name to full name: ``from datetime import date as day`` gives day: datetime.date."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                # `import a.b` binds a; `import a.b as c` binds c to a.b.
                found[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def full_name(node: ast.expr, bound: dict[str, str]) -> str | None:
    """The dotted name that an expression stands for, or None where it is no imported name."""
    if isinstance(node, ast.Name):
        return bound.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = full_name(node.value, bound)
        return f"{owner}.{node.attr}" if owner else None
    return None


def uses(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Every name or attribute that stands for something imported, with its full name."""
    bound = bindings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = full_name(node, bound)
            if name:
                yield node, name
