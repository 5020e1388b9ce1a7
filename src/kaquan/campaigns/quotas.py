"""Quotas: how many printed vouchers of a batch are in a store's hands, and what its limits leave.

Vouchers by code lie in somebody's custody: a store's quota is what was allotted to it. Terms may
limit besides how much each store redeems.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from kaquan.campaigns.actions import PERMISSION
from kaquan.campaigns.limits_left import LimitLeft, left_of, rules_of
from kaquan.campaigns.models import CampaignBatch
from kaquan.campaigns.queries import batch_by_id
from kaquan.campaigns.quota_errors import quota_beyond_stock, quota_in_use, quota_moved
from kaquan.engine.commands import Allot, RequestKey
from kaquan.engine.rows import Custody
from kaquan.engine.rules.check import Dimension
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.refusals import raise_if_refused
from kaquan.ledger.balances import RUNS_MAX, custody_runs
from kaquan.ledger.custody_pages import touched_in
from kaquan.ledger.door import submit
from kaquan.ledger.limits_used import allotted_to, frozen_terms
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.queries import organisation_by_id

VIEW = "campaigns.view"
STORES_MAX = 200


class Quota(NamedTuple):
    """What one store has of a batch."""

    store_id: int
    allotted: int
    limits: tuple[LimitLeft, ...]


def quotas(
    actor: Actor, batch: CampaignBatch, store_ids: Collection[int], *, at: datetime
) -> list[Quota]:
    """What stores have of a batch; both were read with a scope before."""
    require(actor, VIEW)
    assert len(store_ids) <= STORES_MAX, len(store_ids)
    session = reading_session()
    allotted = allotted_to(session, batch.id, store_ids)
    rules = rules_of(frozen_terms(session, batch.id))
    left = left_of(session, batch.id, rules, Dimension.STORE, store_ids, at=at)
    return [Quota(one, allotted.get(one, 0), left[one]) for one in store_ids]


def set_quota(
    *,
    actor: Actor,
    batch_id: int,
    organisation_id: int,
    expected: int,
    quantity: int,
    at: datetime,
    request_key: RequestKey,
) -> None:
    """Let an organisation hold so many vouchers of a batch, if it still holds ``expected``.

    More come from what nobody holds yet; fewer go back there, as long as nothing has happened to
    them: the last ones first. Raises `batch_unknown`, `organisation_unknown`, `quota_moved`,
    `quota_beyond_stock`, `quota_in_use` and the ledger's refusals.
    """
    require(actor, PERMISSION)
    batch = batch_by_id(actor, batch_id)
    organisation_by_id(actor, organisation_id)
    session = reading_session()
    now = allotted_to(session, batch.id, [organisation_id]).get(organisation_id, 0)
    if now == quantity:
        return
    if now != expected:
        raise quota_moved(expected=expected, now=now, wanted=quantity)
    runs = _all_runs(batch.id)
    more = quantity - expected
    source, target = (0, organisation_id) if more > 0 else (organisation_id, 0)
    held = [run for run in runs if run.organisation_id == source and not run.piece]
    pieces = _first(held, more) if more > 0 else _last(held, -more)
    commands = [
        Allot(
            at=at,
            key=RequestKey(request_key.client_id, f"{request_key.key}:{number}"),
            link=1,
            batch_id=batch.id,
            first_serial=first,
            quantity=size,
            organisation_id=target,
            from_organisation_id=source,
        )
        for number, (first, size) in enumerate(pieces)
    ]
    missing = abs(more) - sum(size for _, size in pieces)
    if missing:
        raise quota_beyond_stock(abs(more) - missing)
    if more < 0 and any(touched_in(session, [_run(held[0], piece) for piece in pieces])):
        raise quota_in_use()
    raise_if_refused(submit(commands, actor=actor))


def _all_runs(batch_id: int) -> list[Custody]:
    """All runs of a batch; there are few, for each is a decision of somebody's."""
    found: list[Custody] = []
    while some := custody_runs(
        reading_session(), batch_id, after_serial=found[-1].first_serial if found else -1
    ):
        found += some
        if len(some) < RUNS_MAX:
            break
    return found


def _first(runs: Sequence[Custody], quantity: int) -> list[tuple[int, int]]:
    pieces = []
    for run in runs:
        size = min(run.quantity, quantity)
        if size:
            pieces.append((run.first_serial, size))
        quantity -= size
    return pieces


def _last(runs: Sequence[Custody], quantity: int) -> list[tuple[int, int]]:
    pieces = []
    for run in reversed(runs):
        size = min(run.quantity, quantity)
        if size:
            pieces.append((run.first_serial + run.quantity - size, size))
        quantity -= size
    return pieces


def _run(like: Custody, piece: tuple[int, int]) -> Custody:
    first, size = piece
    return Custody(
        shard=like.shard,
        batch_id=like.batch_id,
        first_serial=first,
        quantity=size,
        active=like.active,
        organisation_id=like.organisation_id,
    )
