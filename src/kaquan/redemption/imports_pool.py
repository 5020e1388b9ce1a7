"""Bringing codes made elsewhere into a batch: each new one gets a voucher of its own.

Only keyed hashes are kept. A pool that could be guessed is refused as a whole, unless somebody
decides otherwise.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from operator import attrgetter

from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.queries import batch_by_id, supplies_of
from kaquan.engine.code_strength import (
    PoolObserver,
    StrengthVerdict,
    Threat,
    check_pool_strength,
)
from kaquan.engine.codes import POOL_CODE_MAXIMUM, fold_pool_code
from kaquan.engine.commands import Mint, RequestKey
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.imports import Column, Counts, ImportPlan, ImportRow, refusal
from kaquan.foundation.imports_cells import Reason
from kaquan.foundation.imports_problems import Problem
from kaquan.foundation.refusals import INTERNAL_CLIENT, raise_if_refused
from kaquan.ledger.door import submit
from kaquan.ledger.pool_codes import PoolCounts, StagedPool, staged_pool
from kaquan.redemption.codes import pool_hashes

PERMISSION = "codes.import"

NOT_A_CODE = Reason(
    "not_a_code",
    f"应为 1 到 {POOL_CODE_MAXIMUM} 个可见字符",
    f"expected 1 to {POOL_CODE_MAXIMUM} visible characters",
)
REPEATED = Reason(
    "code_repeated", "文件中前面已有此码", "the same code stands further up in the file"
)
ELSEWHERE = Reason(
    "code_of_another_batch", "此码已属于另一批次", "the code belongs to another batch already"
)

CODE = Column(
    "code",
    "券码",
    cells.text(4 * POOL_CODE_MAXIMUM),  # spaces and dashes do not count
    required=True,
    also=("coupon", "兑换码", "卡号"),
    sensitive=True,
)


class PoolImport:
    """One file of codes for one batch; ``verdict`` tells their strength once they are read."""

    def __init__(self, batch_id: int, *, at: datetime, accept_weak: bool = False) -> None:
        self._batch_id = batch_id
        self._at = at
        self._accept_weak = accept_weak
        self._live_codes = 0
        self.verdict: StrengthVerdict | None = None

    @property
    def plan(self) -> ImportPlan:
        """For `run_import`."""
        return ImportPlan(
            kind="codes",
            zh="券码",
            en="codes",
            permission=PERMISSION,
            columns=(CODE,),
            open_intake=self.open,
        )

    @contextmanager
    def open(self, *, actor: Actor, commit: bool = True) -> Iterator[PoolIntake]:  # noqa: ARG002
        """What takes the rows of one pool; raises `batch_unknown` and `batch_without_codes`."""
        batch = self.require_codes(actor)
        # Every voucher of such a batch has a code of its pool.
        supply = supplies_of([batch.id]).get(batch.id)
        self._live_codes = supply.minted if supply else 0
        with staged_pool(batch.id) as staged:
            yield PoolIntake(self, staged, actor)

    def require_codes(self, actor: Actor) -> CampaignBatch:
        """The batch; raises `batch_unknown`, and `batch_without_codes` where it has none."""
        batch = batch_by_id(actor, self._batch_id)
        if not batch.by_code:
            raise KaquanError(
                "batch_without_codes",
                zh=f"批次 {batch.id} 从库存领取，没有券码；请导入到凭码使用的批次。",
                en=f"Batch {batch.id} is claimed from stock and has no codes; choose another.",
            )
        return batch

    def judge_strength(self, observer: PoolObserver) -> None:
        """Set the verdict; raises `codes_too_weak`."""
        shape = observer.shape()
        if not shape.count:
            return
        self.verdict = check_pool_strength(
            space=shape.space,
            alphabet_size=shape.alphabet_size,
            # With those that came before: a guess may hit any of them.
            threat=Threat(live_codes=shape.count + self._live_codes),
            accept_weak=self._accept_weak,
        )
        if not self.verdict.ok:
            raise KaquanError("codes_too_weak", zh=self.verdict.zh, en=self.verdict.en)

    def mint_command(self, quantity: int, digest: str) -> Mint:
        """Vouchers for the new codes; the same file again mints nothing twice."""
        name = f"pool:{self._batch_id}:{digest}:{quantity}"
        key = RequestKey(INTERNAL_CLIENT, name)
        return Mint(at=self._at, key=key, batch_id=self._batch_id, quantity=quantity)


class PoolIntake:
    """See `kaquan.foundation.imports.Intake`."""

    def __init__(self, pool: PoolImport, staged: StagedPool, actor: Actor) -> None:
        self._pool = pool
        self._staged = staged
        self._actor = actor
        self._observer = PoolObserver()
        self._digest = hashlib.blake2b(digest_size=16)
        self._counts = PoolCounts(0, 0, 0, 0)

    def take(self, rows: list[ImportRow]) -> list[Problem]:
        problems = []
        sound = []
        for row in rows:
            folded = fold_pool_code(row["code"])
            if folded is None:
                problems.append(refusal(row["row_number"], CODE, row["code"], NOT_A_CODE))
                continue
            code_hash = pool_hashes(folded)[0]
            self._observer.see(folded)
            self._digest.update(code_hash)
            sound.append((row["row_number"], code_hash))
        self._staged.stage(sound)
        return problems

    def check(self) -> Iterable[Problem]:
        self._counts = self._staged.judge()
        self._pool.judge_strength(self._observer)
        yield from heapq.merge(
            self._refused("repeated", REPEATED),
            self._refused("elsewhere", ELSEWHERE),
            key=attrgetter("row_number"),
        )

    def _refused(self, verdict: str, reason: Reason) -> Iterator[Problem]:
        for row_number in self._staged.rows(verdict):
            yield refusal(row_number, CODE, "", reason)

    def existing(self) -> Iterator[int]:
        """The numbers of the rows whose codes the batch has already; after `check`."""
        return self._staged.rows("existing")

    def count(self) -> Counts:
        return Counts(new=self._counts.new, unchanged=self._counts.existing)

    def commit(self) -> None:
        if not self._counts.new:
            return
        mint = self._pool.mint_command(self._counts.new, self._digest.hexdigest())
        outcomes = submit([mint], actor=self._actor)
        raise_if_refused(outcomes)
        first_serial = outcomes[0].data["first_serial"]
        assert isinstance(first_serial, int), outcomes
        self._staged.keep(first_serial)
