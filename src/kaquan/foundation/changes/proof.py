"""Proof of the change log: its chain is recomputed, and every change has its one place in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from msgspec import Struct

from kaquan.foundation.changes.payload import payload_sql

FAULTS_MAX = 20
FIRST_HASH = hashlib.sha256(b"kaquan changes").digest()
_LINKS, _CHANGES, _HEAD = "changes_link", "changes_change", "changes_head"

Connection = psycopg.Connection[Any]


class ChangeFault(Struct, frozen=True):
    """One wrong row: its table and key, what is wrong, what should and what does stand there."""

    table: str
    key: str
    zh: str
    en: str
    expected: str = ""
    found: str = ""


class ChangeProof(Struct, frozen=True):
    """What came out. ``head_hash``, kept elsewhere, proves later that not even the whole log was
    written anew."""

    faults: list[ChangeFault]
    changes: int
    head_hash: str


def prove_changes(connect: Callable[[], Connection]) -> ChangeProof:
    """Recompute the chain as it stands at one moment; changes may go on meanwhile."""
    with connect() as connection:
        connection.autocommit = True
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        proof = prove_changes_snapshot(connection)
        connection.execute("ROLLBACK")
    return proof


def prove_changes_snapshot(connection: Connection) -> ChangeProof:
    """The same, as a transaction sees it."""
    walk = _Walk()
    faults = [fault for fault, _ in zip(walk.faults(connection), range(FAULTS_MAX), strict=False)]
    return ChangeProof(faults=faults, changes=walk.seq, head_hash=walk.hash.hex())


class _Walk:
    """Goes along the chain and keeps where it is."""

    def __init__(self) -> None:
        self.seq = 0
        self.hash = FIRST_HASH

    def faults(self, connection: Connection) -> Iterator[ChangeFault]:
        yield from self._chain(connection)
        yield from self._head(connection)
        yield from _without_place(connection)

    def _chain(self, connection: Connection) -> Iterator[ChangeFault]:
        payload = payload_sql(link="link", change="change")
        with connection.cursor(name="changes_walk") as links:
            links.itersize = 1_000
            links.execute(
                f"SELECT link.seq, link.hash, change.id IS NULL, {payload} "  # noqa: S608  # ours
                "FROM changes_link link LEFT JOIN changes_change change "
                "ON change.id = link.change_id ORDER BY link.seq"
            )
            for seq, written, is_gone, covered in links:
                self.seq += 1
                if seq != self.seq:
                    yield ChangeFault(
                        _LINKS, str(self.seq), "变更链缺了一环", "a link of the chain is missing",
                        str(self.seq), str(seq),
                    )  # fmt: skip
                    self.seq = seq
                if is_gone:
                    yield ChangeFault(
                        _LINKS, str(seq), "对应的变更不见了", "the change it stands for is gone"
                    )
                expected = hashlib.sha256(self.hash + str(covered).encode()).digest()
                if expected != bytes(written):
                    yield ChangeFault(
                        _LINKS, str(seq), "变更或其哈希被改动过",
                        "the change or its hash was altered", expected.hex(), bytes(written).hex(),
                    )  # fmt: skip
                # Onwards from what is written: one altered change is one fault.
                self.hash = bytes(written)

    def _head(self, connection: Connection) -> Iterator[ChangeFault]:
        row = connection.execute("SELECT seq, hash FROM changes_head").fetchone()
        written = None if row is None else (row[0], bytes(row[1]).hex())
        expected = (self.seq, self.hash.hex())
        if written != expected:
            yield ChangeFault(
                _HEAD, "1", "链头与链尾不符", "the head is not the chain's last link",
                str(expected), str(written),
            )  # fmt: skip


def _without_place(connection: Connection) -> Iterator[ChangeFault]:
    rows = connection.execute(
        "SELECT change.id FROM changes_change change WHERE NOT EXISTS "
        "(SELECT FROM changes_link link WHERE link.change_id = change.id) ORDER BY id LIMIT %s",
        [FAULTS_MAX],
    )
    for (change_id,) in rows:
        yield ChangeFault(
            _CHANGES, str(change_id), "变更不在链中", "the change has no place in the chain"
        )
