"""A file under inspection, and what a rule finds in it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXCUSE = re.compile(r"kaquan-allow:(?:\s*(?P<rule>[a-z][a-z-]*)\s+because\s+(?P<reason>\S.*))?")


@dataclass(frozen=True, order=True)
class Finding:
    """One breach of one rule; an excuse on any of its lines, or just above them, lifts it."""

    path: str
    line: int
    rule: str
    message: str
    last_line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Excuse:
    """A ``kaquan-allow`` comment. ``rule`` is None where the rule or the reason is missing."""

    line: int
    rule: str | None
    alone: bool

    def lifts(self, finding: Finding) -> bool:
        first_line = finding.line - 1 if self.alone else finding.line
        return self.rule == finding.rule and first_line <= self.line <= finding.last_line


class Source:
    """A file's text with its path relative to the repository.

    ``tree`` raises SyntaxError for a file that is no Python.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.place = PurePosixPath(path)

    def inside(self, *folders: str) -> bool:
        return any(self.place.is_relative_to(folder) for folder in folders)

    @property
    def is_python(self) -> bool:
        return self.place.suffix == ".py" or self.path == "dev"

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)

    @cached_property
    def excuses(self) -> list[Excuse]:
        found = []
        for line, comment in self._comments():
            match = _EXCUSE.search(comment)
            if match:
                alone = self.text.splitlines()[line - 1].strip() == comment.strip()
                found.append(Excuse(line, match["rule"], alone))
        return found

    def _comments(self) -> Iterator[tuple[int, str]]:
        if "kaquan-allow" not in self.text:
            return
        if self.is_python:
            for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
                if token.type == tokenize.COMMENT:
                    yield token.start[0], token.string
            return
        for line, text in enumerate(self.text.splitlines(), start=1):
            _, mark, comment = text.partition("--")
            if mark:
                yield line, mark + comment

    def finding(self, rule: str, message: str, line: int, last_line: int | None = None) -> Finding:
        return Finding(self.path, line, rule, message, last_line or line)

    def finding_at(self, rule: str, message: str, node: ast.expr | ast.stmt) -> Finding:
        return self.finding(rule, message, node.lineno, node.end_lineno)
