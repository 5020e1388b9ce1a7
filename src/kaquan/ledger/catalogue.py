"""Which batch a serial belongs to: a cached map of custody runs, and batches with compiled terms.

Custody changes, and terms get better: a slice's ``custody_version``, read under its lock, tells the
door that what it remembers of that batch is stale. So no block is judged by terms that were revised
before it locked the slice, whichever server revised them.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from kaquan.engine.custody import Piece
from kaquan.engine.rows import Batch, Custody
from kaquan.engine.rules.check import compile_terms
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms
from kaquan.engine.shards import SHARD_KEYS_64

#: Batch-wide rows live in one slice until a cluster needs more.
HOME_SHARD = SHARD_KEYS_64[0]


def custody_of(row: Sequence[Any]) -> Custody:
    """A run from its row: shard, batch, first serial, quantity, active, organisation, stored, piece
    and whether it must be handed out first."""
    shard, batch_id, first, quantity, active, organisation_id, stored, piece, hand_out_first = row
    return Custody(
        shard,
        batch_id,
        first,
        quantity,
        active,
        organisation_id,
        stored,
        Piece(piece),
        hand_out_first,
    )


class Catalogue:
    """Batches and custody runs of one process; shared by its writers, safe for threads.

    Readers take ``_runs`` in one piece; a reload builds a new one and swaps it in.
    """

    def __init__(self) -> None:
        self._batches: dict[int, Batch] = {}
        self._runs: tuple[list[int], list[Custody]] = ([], [])
        self._by_batch: dict[int, list[Custody]] = {}
        self._versions: dict[int, int] = {}
        self._swapping = threading.Lock()

    def batch(self, connection: psycopg.Connection[Any], batch_id: int) -> Batch | None:
        """The batch as it is remembered, or None where there is none; see ``is_stale``."""
        if batch_id not in self._batches:
            self._load_batches(connection, [batch_id])
        return self._batches.get(batch_id)

    def newest(self, batch: Batch) -> Batch:
        """The batch as it is remembered by now."""
        return self._batches.get(batch.batch_id, batch)

    def is_stale(self, batch_id: int, custody_version: int) -> bool:
        """Whether what is remembered of a batch is older than its slice says."""
        return self._versions.get(batch_id, -1) != custody_version

    def run_of(self, serial: int) -> Custody | None:
        """The custody run that holds ``serial``, as far as the cached map knows."""
        firsts, runs = self._runs
        position = bisect_right(firsts, serial) - 1
        if position < 0:
            return None
        run = runs[position]
        return run if serial < run.first_serial + run.quantity else None

    def find(
        self, connection: psycopg.Connection[Any], serials: Iterable[int]
    ) -> dict[int, Custody]:
        """The runs of serials, loaded where the map does not know them; those of no batch are left
        out."""
        found, unknown = self._known(serials)
        if unknown and self._load_runs(connection, unknown):
            found |= self._known(unknown)[0]
        return found

    def _known(self, serials: Iterable[int]) -> tuple[dict[int, Custody], list[int]]:
        """What the cached map knows of serials, and the serials that it does not know."""
        firsts, runs = self._runs
        found: dict[int, Custody] = {}
        unknown: list[int] = []
        run: Custody | None = None
        end = -1
        for serial in serials:
            # Neighbours are mostly of one run; the look-up is for the others.
            if run is None or not run.first_serial <= serial < end:
                position = bisect_right(firsts, serial) - 1
                run = runs[position] if position >= 0 else None
                end = run.first_serial + run.quantity if run is not None else -1
                if run is None or serial >= end:
                    run = None
                    unknown.append(serial)
                    continue
            found[serial] = run
        return found, unknown

    def _load_runs(self, connection: psycopg.Connection[Any], unknown: list[int]) -> bool:
        """Load the runs of serials that are not in the map; whether there are any."""
        rows = connection.execute(
            "SELECT DISTINCT c.batch_id FROM unnest(%s::bigint[]) AS u (serial), LATERAL ("
            "  SELECT batch_id, first_serial, quantity FROM ledger_custody"
            "  WHERE first_serial <= u.serial ORDER BY first_serial DESC LIMIT 1"
            ") c WHERE u.serial < c.first_serial + c.quantity",
            [unknown],
        ).fetchall()
        if rows:
            self.reload(connection, [row[0] for row in rows])
        return bool(rows)

    def reload(self, connection: psycopg.Connection[Any], batch_ids: Sequence[int]) -> None:
        """Read the custody runs and the terms of some batches anew."""
        found: dict[int, list[Custody]] = {batch_id: [] for batch_id in batch_ids}
        versions = connection.execute(
            "SELECT batch_id, custody_version FROM ledger_slice WHERE batch_id = any(%s)",
            [list(batch_ids)],
        ).fetchall()
        for row in connection.execute(
            "SELECT shard, batch_id, first_serial, quantity, active, organisation_id, true, piece, "
            "hand_out_first "
            "FROM ledger_custody WHERE batch_id = any(%s) ORDER BY first_serial",
            [list(batch_ids)],
        ):
            found[row[1]].append(custody_of(row))
        self._load_batches(connection, batch_ids)
        with self._swapping:  # or one of two writers would put the other's news out of the map
            by_batch = self._by_batch | found
            runs = sorted(
                (run for some in by_batch.values() for run in some),
                key=lambda run: run.first_serial,
            )
            self._by_batch = by_batch
            self._runs = ([run.first_serial for run in runs], runs)
            self._versions = self._versions | dict(versions)

    def _load_batches(self, connection: psycopg.Connection[Any], batch_ids: Sequence[int]) -> None:
        if not batch_ids:
            return
        for row in connection.execute(
            "SELECT batch_id, offer_version_id, terms, budget_id, by_code, active, terms_version "
            "FROM ledger_batch_now WHERE batch_id = any(%s)",
            [list(batch_ids)],
        ):
            known = self._batches.get(row[0])
            if known is not None and known.terms_version >= row[6]:
                continue
            terms = read_terms(bytes(row[2]))
            assert isinstance(terms, Terms), (row[0], terms)
            rules = compile_terms(terms)
            batch = Batch(row[0], row[1], rules, bytes(row[2]), row[3], row[4], row[5], row[6])
            with self._swapping:  # another writer may have read a later revision meanwhile
                known = self._batches.get(row[0])
                if known is None or known.terms_version < row[6]:
                    self._batches[row[0]] = batch
