"""The ledger's tables can be spread over a cluster of shards without being changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tools.lints.rule import Rule
from tools.lints.source import Finding, Source
from tools.lints.sql import Statement, Token, statements

_FOLDER = "src/kaquan/ledger/sql"
_SCHEMA = re.compile(rf"^{_FOLDER}/schema[^/]*\.sql$")
_LOCAL = re.compile(r"--\s*local:\s*\S")


def local_tables(sources: Sequence[Source]) -> frozenset[str]:
    """The tables that the schema marks ``-- local: reason``: never spread over a cluster."""
    return frozenset(
        table
        for source in sources
        if _SCHEMA.match(source.path)
        for statement in statements(source.text)
        if (table := _created_table(statement)) and _is_local(statement)
    )


class LedgerSchema(Rule):
    """A key without the shard cannot be kept unique on a cluster, and a sequence is one hot spot.

    `-- local: reason` beside a table says that it is never distributed.
    """

    name = "ledger-schema"
    good = (
        {
            f"{_FOLDER}/schema.sql": (
                "create table if not exists ledger_vouchers (\n"
                "  shard bigint not null, serial bigint not null, key bytea,\n"
                "  check (serial > 0), primary key (shard, serial),\n"
                "  constraint k unique nulls not distinct (shard, key)\n);\n"
                "create unique index on ledger_vouchers (shard, key) where key is not null;\n"
                "create index on ledger_vouchers (key);\n"
                "-- local: one row on the coordinator\n"
                "create table ledger_meta (id bigint generated always as identity primary key);\n"
                "create unique index on ledger_meta (id);\n"
            )
        },
    )
    bad = tuple(
        {f"{_FOLDER}/schema.sql": f"{statement};\n"}
        for statement in (
            "create table ledger_a (shard bigint, id bigint, primary key (id))",
            "create table ledger_a (shard bigint, id bigint primary key)",
            "create table ledger_a (shard bigint, id bigint)",
            "create table ledger_a (shard bigint, id bigint, primary key (shard, id), unique (id))",
            "create table ledger_a (shard bigint, id bigint unique, primary key (shard, id))",
            "create table ledger_a (shard bigint, id bigserial, primary key (shard, id))",
            "create table ledger_a (shard int generated always as identity, primary key (shard))",
            "create table ledger_a (shard int default nextval('s'), primary key (shard))",
            "create unique index a on ledger_a (id)",
            "alter table ledger_a add constraint u unique (id)",
            "create sequence ledger_numbers",
            "create table ledger_a (shard serial, serial bigint, primary key (shard, serial))",
        )
    )

    def __init__(self) -> None:
        self._local: frozenset[str] = frozenset()

    def concerns(self, source: Source) -> bool:
        return bool(_SCHEMA.match(source.path))

    def check(self, sources: Sequence[Source]) -> Iterator[Finding]:
        self._local = local_tables(sources)
        yield from super().check(sources)

    def inspect(self, source: Source) -> Iterator[Finding]:
        for statement in statements(source.text):
            words = {token.text for token in statement.tokens if token.kind == "word"}
            tables = {word for word in words if word.startswith("ledger_")}
            if words & {"create", "alter"} and tables and not tables & self._local:
                for message in self._breaches(statement.tokens, words):
                    yield source.finding(self.name, message, statement.line, statement.last_line)

    def _breaches(self, tokens: Sequence[Token], words: set[str]) -> Iterator[str]:
        if {"create", "table"} <= words and "primary" not in words:
            yield "no primary key: add `primary key (shard, ...)`"
        for kind, columns in _keys(tokens):
            if "shard" not in columns:
                yield f"{kind} without shard: put shard first in it"
        if words & {"identity", "nextval", "sequence"} or _has_serial_type(tokens):
            yield "a sequence: the place (shard, lane, block, index) is the key; pass it in"


def _created_table(statement: Statement) -> str | None:
    texts = [token.text for token in statement.tokens]
    if texts[0] != "create" or "table" not in texts[:4]:
        return None
    return next((text for text in texts if text.startswith("ledger_")), None)


def _is_local(statement: Statement) -> bool:
    return any(_LOCAL.match(comment) for comment in statement.comments)


def _has_serial_type(tokens: Sequence[Token]) -> bool:
    """Whether a column's type, not its name, is serial: ``serial bigint`` is a voucher's number."""
    return any(
        before.text in ("(", ",", "column", "exists") and name.kind == "word"
        for before, name, kind in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if kind.text in ("bigserial", "serial", "smallserial")
    )


def _keys(tokens: Sequence[Token]) -> Iterator[tuple[str, set[str]]]:
    """Each primary or unique key with its columns; none for one written beside its column."""
    texts = [token.text for token in tokens]
    for position, text in enumerate(texts):
        if text == "primary":
            yield "primary key", _columns(texts, position + 2)
        elif text == "unique" and texts[position + 1] == "index":
            yield "unique index", _columns(texts, texts.index("(", position))
        elif text == "unique":
            after_nulls = {"not": 3, "distinct": 2}
            skip = after_nulls.get(texts[position + 2], 0) if texts[position + 1] == "nulls" else 0
            yield "unique key", _columns(texts, position + 1 + skip)


def _columns(texts: Sequence[str], start: int) -> set[str]:
    if start >= len(texts) or texts[start] != "(":
        return set()
    return set(texts[start + 1 : texts.index(")", start)])
