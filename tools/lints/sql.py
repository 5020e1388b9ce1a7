"""SQL in as much detail as the rules need: words, statements, and the queries inside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<string> [eE]?'(?:[^']|'')*' | \$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$ )
    | (?P<parameter> %\(\w+\)[sbt] | %[sbt] | \$\d+ )
    | (?P<word> "(?:[^"]|"")*" | [^\W\d]\w* )
    | (?P<number> \d[\d.]* )
    | (?P<sign> :: | <> | != | <= | >= | [^\s\w] )
    """,
    re.DOTALL | re.VERBOSE,
)
_QUERY_STARTS = frozenset({"delete", "insert", "merge", "select", "update", "values", "with"})
_SET_OPERATIONS = frozenset({"except", "intersect", "union"})


class Token(NamedTuple):
    """``text`` is lower-case for words; a query in brackets is one token of kind "query"."""

    kind: str
    text: str
    line: int


@dataclass
class Statement:
    """What stands before a semicolon or a new ``-- name:``, and the comments on it."""

    tokens: list[Token] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    @property
    def line(self) -> int:
        return self.tokens[0].line

    @property
    def last_line(self) -> int:
        return self.tokens[-1].line


@dataclass
class Query:
    """One SELECT, INSERT, UPDATE or DELETE without those nested in it, which are queries too."""

    tokens: list[Token]
    nested: bool

    @property
    def words(self) -> list[str]:
        return [token.text for token in self.tokens]

    @property
    def verb(self) -> str:
        """Which statement it is; a WITH is the statement that follows its named queries."""
        if self.tokens[0].text != "with":
            return self.tokens[0].text
        verbs = ("delete", "insert", "merge", "select", "update")
        return next((word for word in self.words if word in verbs), "with")


def tokens(text: str) -> Iterator[Token]:
    line, position = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        assert match.lastgroup is not None
        # The inner group of a dollar-quoted string must not pass for the kind of token.
        kind = "string" if match["string"] is not None else match.lastgroup
        yield Token(kind, match[0].lower() if kind == "word" else match[0], line)


def without_comments(text: str) -> str:
    """The same text with its comments blanked, line by line in place."""

    def blank(match: re.Match[str]) -> str:
        if match["comment"] is None:
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])

    return _TOKEN.sub(blank, text)


def statements(text: str) -> list[Statement]:
    found = [Statement()]
    ended_on_line = 0
    for token in tokens(text):
        if token.kind == "comment":
            if token.text.startswith("-- name:") and found[-1].tokens:
                found.append(Statement())
            # A remark behind the semicolon is about the statement that ends there.
            owner = found[-2] if token.line == ended_on_line else found[-1]
            owner.comments.append(token.text)
        elif token.text == ";" and token.kind == "sign":
            found.append(Statement())
            ended_on_line = token.line
        else:
            found[-1].tokens.append(token)
    return [statement for statement in found if statement.tokens]


def queries(statement: Statement) -> list[Query]:
    """The statement's queries, outermost first; the parts of a UNION are queries of their own."""
    found: list[Query] = []
    _take(statement.tokens, 0, found, nested=False)
    return found


def _take(tokens: Sequence[Token], start: int, found: list[Query], *, nested: bool) -> int:
    """Collect the query at ``start`` and those inside it; gives where its closing bracket is."""
    query = Query([], nested)
    found.append(query)
    depth, position = 0, start
    while position < len(tokens):
        token = tokens[position]
        following = tokens[position + 1] if position + 1 < len(tokens) else token
        if token.text == "(" and following.text in _QUERY_STARTS and following.kind == "word":
            position = _take(tokens, position + 1, found, nested=True)
            query.tokens.append(Token("query", "(query)", token.line))
        elif token.text == ")" and depth == 0:
            break
        elif token.kind == "word" and token.text in _SET_OPERATIONS and depth == 0:
            query = Query([], nested)
            found.append(query)
            position += following.text in ("all", "distinct")
        else:
            depth += (token.text == "(") - (token.text == ")")
            query.tokens.append(token)
        position += 1
    found[:] = [part for part in found if part.tokens]
    return position
