"""The ledger's SQL runs the same on one PostgreSQL and on a cluster of shards.

A cluster answers a statement from one machine, in one round trip, only while the statement shows
it the shard. These rules keep to that subset, which is tried on a real cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tools.lints.ledger_schema import local_tables
from tools.lints.rule import Rule
from tools.lints.source import Finding, Source
from tools.lints.sql import Query, Token, queries, statements

_FOLDER = "src/kaquan/ledger/sql"
_HOT = re.compile(r"--\s*hot:")
_CLAUSES = frozenset(
    {"from", "group", "into", "join", "limit", "on", "order", "returning", "select", "set"}
    | {"update", "using", "values", "where"}
)
_NO_ALIAS = _CLAUSES | {"cross", "for", "full", "inner", "left", "natural", "right", "tablesample"}
_VOLATILE = frozenset(
    {"clock_timestamp", "gen_random_uuid", "nextval", "random", "timeofday", "uuidv4", "uuidv7"}
)


class Reference(NamedTuple):
    """A ledger table named in a query; ``target`` when rows are inserted into it."""

    table: str
    alias: str
    target: bool


class RouterSql(Rule):
    """A hot statement that hides its shard goes to every machine and commits in two phases.

    Thirty to a hundred round trips instead of one; one form even fells the node. Which forms do,
    was found out on a real cluster: an INSERT inside WITH, INSERT ... SELECT from unnest, a ledger
    table without its own `shard =`, volatile functions, array subscripts in SET.
    """

    name = "router-sql"
    good = (
        {
            f"{_FOLDER}/a.sql": (
                "-- hot: lock\nselect v.serial, (select max(x) from unnest(%(a)s) x)\n"
                "from ledger_vouchers v join ledger_batches as b on b.shard = v.shard\n"
                "where v.shard = any(%(shards)s) order by v.shard, v.serial for update of v;\n"
                "select 1 from ledger_holds where shard = $1 union all\n"
                "select 2 from ledger_limits where shard in ($1);\n"
            )
        },
        {
            f"{_FOLDER}/a.sql": (
                "-- hot: write\nwith done as (\n  update ledger_vouchers v set state = 2\n"
                "  from unnest(%(serials)s::bigint[], %(states)s) with ordinality c(serial)\n"
                "  where v.shard = any(%(shards)s) and v.serial = c.serial returning v.serial\n"
                ") select * from done;\n"
                "insert into ledger_entries (shard, index) values ($1, $2), ($3, $4)\n"
                "on conflict (shard, index) do nothing;\n"
                "insert into ledger_entries select v.shard, 1 from ledger_vouchers v\n"
                "join unnest(%(serials)s) c(serial) using (serial) where v.shard = $1;\n"
                "delete from ledger_holds h using ledger_vouchers v\n"
                "where h.shard = v.shard and v.shard = any(array[$1]);\n"
            )
        },
        {
            f"{_FOLDER}/schema.sql": "create table ledger_keys (id int); -- local: few\n",
            f"{_FOLDER}/b.sql": "-- hot: keys\nselect id from ledger_keys;\n",
        },
        {f"{_FOLDER}/report.sql": "-- for prove\nselect sum(amount) from ledger_entries;\n"},
    )
    bad = tuple(
        {f"{_FOLDER}/a.sql": f"-- hot: a sample\n{statement};\n"}
        for statement in (
            "select * from ledger_vouchers where serial = $1",
            "-- name: a\nselect 1 from ledger_a\n-- name: b\nselect 1 from b where shard = $1",
            "select * from ledger_vouchers v, ledger_holds h where v.shard = $1",
            "select * from ledger_vouchers v join ledger_holds h on v.shard = h.shard",
            "select 1 from a where x in (select serial from ledger_vouchers)",
            "select 1 from ledger_a where shard = $1 union select 1 from ledger_a",
            "select * from ledger_vouchers where shard = (select 1)",
            "update ledger_vouchers v set a = 1 from unnest($1) c(shard) where v.shard = c.shard",
            "delete from ledger_holds where until < now()",
            "with a as (insert into ledger_keys values ($1)) select 1",
            "insert into ledger_entries select * from unnest($1, $2)",
            "with a as (select 1) insert into ledger_entries select * from a",
            "update ledger_vouchers set at = clock_timestamp() where shard = $1",
            "insert into ledger_entries values ($1, gen_random_uuid())",
            "update ledger_vouchers set a = ($1::int[])[2] where shard = $2",
            "merge into ledger_vouchers using a on true when matched then delete",
        )
    )

    def __init__(self) -> None:
        self._local: frozenset[str] = frozenset()

    def check(self, sources: Sequence[Source]) -> Iterator[Finding]:
        self._local = local_tables(sources)
        yield from super().check(sources)

    def concerns(self, source: Source) -> bool:
        first_comment = next((line for line in source.text.splitlines() if "--" in line), "")
        return source.inside(_FOLDER) and bool(_HOT.search(first_comment))

    def inspect(self, source: Source) -> Iterator[Finding]:
        for statement in statements(source.text):
            for query in queries(statement):
                for message in self._breaches(query):
                    line = query.tokens[0].line
                    yield source.finding(self.name, message, line, statement.last_line)

    def _breaches(self, query: Query) -> Iterator[str]:
        references = [ref for ref in _references(query) if ref.table not in self._local]
        yield from _insert_breaches(query, references)
        if query.verb == "merge":
            yield "MERGE: write UPDATE ... FROM unnest, or INSERT ... ON CONFLICT"
        shown = _aliases_with_shard(query, references)
        for reference in references:
            if not reference.target and reference.alias not in shown:
                yield (
                    f"{reference.table} without its shard: "
                    f"add `{reference.alias}.shard = any(%(shards)s)`"
                )
        for token, following in zip(query.tokens, query.tokens[1:], strict=False):
            if token.text in _VOLATILE and following.text == "(":
                yield f"{token.text}() is volatile: pass the value in"
        if _subscript_in_set(query.tokens):
            yield "an array subscript in SET fells a cluster's node: join the value in from unnest"


def _references(query: Query) -> list[Reference]:
    """The ledger tables that the query itself names."""
    found = []
    clause = ""
    tokens = query.tokens
    for position, token in enumerate(tokens):
        if token.kind != "word":
            continue
        if token.text in _CLAUSES:
            clause = token.text
        elif token.text.strip('"').startswith("ledger_") and _is_table(tokens, position, clause):
            table = token.text.strip('"')
            following = [after.text for after in tokens[position + 1 : position + 3]]
            alias = following[1:] if following[:1] == ["as"] else following[:1]
            named = bool(alias) and alias[0].isidentifier() and alias[0] not in _NO_ALIAS
            found.append(Reference(table, alias[0] if named else table, clause == "into"))
    return found


def _is_table(tokens: Sequence[Token], position: int, clause: str) -> bool:
    before = tokens[position - 1].text if position else ""
    qualifies = position + 1 < len(tokens) and tokens[position + 1].text == "."
    if qualifies or clause not in ("from", "into", "join", "update", "using"):
        return False
    return before in ("from", "into", "join", "only", "update", "using", ",", "lateral")


def _aliases_with_shard(query: Query, references: Sequence[Reference]) -> set[str]:
    """The aliases whose shard the query shows: by a parameter, or by joining one that does."""
    aliases = {reference.alias for reference in references if not reference.target}
    shown: set[str] = set()
    joined: list[tuple[str, str]] = []
    texts = query.words
    for position, text in enumerate(texts):
        after = texts[position + 1 : position + 5]
        if text != "shard" or not after or after[0] not in ("=", "in"):
            continue
        owner = texts[position - 2] if position > 1 and texts[position - 1] == "." else None
        named = {owner} if owner else aliases if len(aliases) == 1 else set()
        if len(after) > 3 and after[2:4] == [".", "shard"]:
            joined += [(name, after[1]) for name in named]
        elif _is_given(query.tokens[position + 2 : position + 8]):
            shown |= named
    for _ in joined:
        for one, other in joined:
            if {one, other} <= aliases and shown & {one, other}:
                shown |= {one, other}
    return shown


def _is_given(value: Sequence[Token]) -> bool:
    """Whether what `shard` is compared with is known before the statement is planned."""
    for token in value:
        if token.kind in ("parameter", "number"):
            return True
        if token.text not in ("any", "array", "(", "["):
            return False
    return False


def _insert_breaches(query: Query, references: Sequence[Reference]) -> Iterator[str]:
    if query.verb != "insert" or not any(reference.target for reference in references):
        return
    if query.nested or query.tokens[0].text == "with":
        yield "INSERT and WITH do not go together: write it as a statement of its own"
    reads_ledger = any(not reference.target for reference in references)
    if not reads_ledger and "values" not in query.words:
        yield "INSERT ... SELECT must read a ledger table; otherwise write INSERT ... VALUES rows"


def _subscript_in_set(tokens: Sequence[Token]) -> bool:
    in_set = False
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.text in ("from", "returning", "where"):
            in_set = False
        in_set = in_set or token.text == "set"
        if in_set and token.text == "[" and after.text != "]" and before.text != "array":
            return True
    return False
