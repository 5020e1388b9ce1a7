"""How limits move: checked for all vouchers of a command together, then applied at once."""

from __future__ import annotations

from datetime import datetime

from kaquan.engine.facts import Facts
from kaquan.engine.footprint import FUNDER, funder_key, key_of, keyed_limits
from kaquan.engine.outcomes import Data, LimitChange, OutcomeCode, Refusal
from kaquan.engine.rows import Batch, Limit, LimitKey
from kaquan.engine.rules.check import CompiledLimit, Dimension, LimitUnit
from kaquan.engine.world import World

REFUSAL_OF = {
    Dimension.CUSTOMER: OutcomeCode.LIMIT_PER_CUSTOMER,
    Dimension.PERSON: OutcomeCode.LIMIT_PER_PERSON,
    Dimension.STORE: OutcomeCode.LIMIT_PER_STORE,
    Dimension.CHANNEL: OutcomeCode.LIMIT_PER_CHANNEL,
    Dimension.BATCH: OutcomeCode.LIMIT_PER_BATCH,
}


class LimitMoves:
    """What a command adds to limits: vouchers of one batch add up before anything is written."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._deltas: dict[LimitKey, int] = {}
        self._caps: dict[LimitKey, int] = {}

    def used(self, key: LimitKey) -> int:
        """How much of a limit is used, with what this command adds."""
        row = self._world.limits.get(key)
        return (0 if row is None else row.used) + self._deltas.get(key, 0)

    def add_use(
        self,
        batch: Batch,
        moment: str,
        facts: Facts,
        holder_id: int,
        at: datetime,
        *,
        uses: int,
        fen: int = 0,
    ) -> Refusal | None:
        """Count a claim or a use, or say which limit is in the way: the first by precedence."""
        moved: list[tuple[LimitKey, int, int]] = []
        refusal: Refusal | None = None
        for key, limit in keyed_limits(batch, moment, facts, holder_id, at):
            delta = uses if limit.unit is LimitUnit.USES else fen
            used = self.used(key)
            if used + delta > limit.cap:
                code = REFUSAL_OF[limit.dimension]
                if refusal is None or code < refusal.code:
                    refusal = Refusal(code, _remedy(limit, used))
            elif delta:
                moved.append((key, delta, limit.cap))
        if refusal is None:
            for key, delta, cap in moved:
                self._deltas[key] = self._deltas.get(key, 0) + delta
                self._caps[key] = cap
        return refusal

    def split_funding(self, batch: Batch, cost_fen: int) -> tuple[tuple[int, int], ...]:
        """Who bears a cost; what funders with a cap bear is counted."""
        rules = batch.rules
        if not rules.capped_funders:
            return tuple(rules.split_funding(cost_fen, {}))
        keys = {funder: funder_key(batch, funder) for funder in rules.capped_funders}
        so_far = {funder: self.used(key) for funder, key in keys.items()}
        funding = tuple(rules.split_funding(cost_fen, so_far))
        for funder, part in funding:
            if funder in keys:
                key = keys[funder]
                self._deltas[key] = self._deltas.get(key, 0) + part
                self._caps[key] = rules.capped_funders[funder]
        return funding

    def apply(self) -> None:
        """Write the moves; nothing may fail here."""
        for key, delta in self._deltas.items():
            move_limit(self._world, key, delta, self._caps[key])


def move_limit(world: World, key: LimitKey, delta: int, cap: int | None = None) -> None:
    """Move one limit row and keep the evidence; a row is born with its cap."""
    world.touch("limits", key)
    row = world.limits.get(key)
    if row is None:
        row = world.limits[key] = Limit(key)
    if cap is not None:
        row.cap = cap
    row.used += delta
    assert 0 <= row.used <= row.cap, (row, delta)
    world.limit_changes.append(
        LimitChange(
            key.shard,
            key.batch_id,
            key.dimension,
            key.subject_id,
            key.day,
            key.unit,
            key.moment,
            delta,
        )
    )


def give_back(
    world: World,
    moved: tuple[LimitChange, ...],
    *,
    batch_id: int,
    holder_id: int,
    uses: int,
    fen: int,
    funding: tuple[tuple[int, int], ...],
) -> None:
    """Take back what one voucher's use added to the limits that ``moved`` names.

    A limit is this voucher's if it belongs to its batch and, where it counts a customer, to the one
    who held it. Changes below zero are holds that the same command gave back.
    """
    borne = dict(funding)
    for change in moved:
        if change.batch_id != batch_id or change.delta < 0:
            continue
        if change.dimension == Dimension.CUSTOMER and change.subject_id != holder_id:
            continue
        if change.dimension == FUNDER:
            delta = borne.get(change.subject_id, 0)
        else:
            delta = uses if change.unit == LimitUnit.USES else fen
        if delta:
            move_limit(world, key_of(change), -delta)


def _remedy(limit: CompiledLimit, used: int) -> Data:
    """The numbers of a refusal's sentence: the limit and what is used of it."""
    if limit.unit is LimitUnit.FEN:
        data: Data = {"limit_fen": limit.cap, "used_fen": used}
    else:
        data = {"limit": limit.cap, "used": used}
    if limit.daily:
        data["daily"] = 1
    return data
