"""What is left of the limits that a batch's terms set for each store and each channel."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.footprint import MOMENTS
from kaquan.engine.rules.channels import channel_subject
from kaquan.engine.rules.check import Dimension, LimitUnit, Rules, compile_terms
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms
from kaquan.foundation.actor import Actor, require
from kaquan.ledger.limits_used import LimitUse, frozen_terms, limits_used
from kaquan.ledger.sessions import reading_session

VIEW = "campaigns.view"
CHANNELS_MAX = 400


class LimitLeft(NamedTuple):
    """A limit that the terms set, and how much of it one store or channel has used.

    ``moment`` is what it counts: claim or redeem.
    """

    moment: str
    is_daily: bool
    is_money: bool
    cap: int
    used: int

    @property
    def left(self) -> int:
        """How much is still allowed."""
        return self.cap - self.used


class ChannelLimit(NamedTuple):
    """One channel, empty where none is told, and one of its limits."""

    channel: str
    limit: LimitLeft


def channel_limits(
    actor: Actor, batch: CampaignBatch, seen: Collection[str], *, at: datetime
) -> list[ChannelLimit]:
    """What is left to each channel of a batch that was read with a scope before: to those that its
    terms name and those of ``seen``. Empty where the terms limit no channel."""
    require(actor, VIEW)
    session = reading_session()
    rules = rules_of(frozen_terms(session, batch.id))
    if rules is None:
        return []
    named = [name for limit in rules.terms.limits for name in limit.channels]
    channels: dict[int, str] = {}
    for name in [*named, *seen]:  # as the terms write it, if they do
        channels.setdefault(channel_subject(name), name)
    subjects = list(channels)[:CHANNELS_MAX]
    left = left_of(session, batch.id, rules, Dimension.CHANNEL, subjects, at=at)
    return [ChannelLimit(channels[one], limit) for one in subjects for limit in left[one]]


def rules_of(terms: bytes | None) -> Rules | None:
    """The rules of a batch's terms as the ledger keeps them; None where it does not know it."""
    read = read_terms(terms) if terms is not None else None
    return compile_terms(read) if isinstance(read, Terms) else None


def left_of(
    connection: psycopg.Connection[Any],
    batch_id: int,
    rules: Rules | None,
    dimension: Dimension,
    subject_ids: Collection[int],
    *,
    at: datetime,
) -> dict[int, tuple[LimitLeft, ...]]:
    """What is left to each subject of the limits of a dimension that count it."""
    wanted = [
        (moment, limit)
        for moment in ("claim", "redeem")
        for limit in (rules.limits_at(moment) if rules is not None else ())
        if limit.dimension is dimension
    ]
    if rules is None or not wanted:
        return dict.fromkeys(subject_ids, ())
    today = rules.day_number(at)
    used = limits_used(connection, batch_id, dimension, subject_ids, days=(0, today))

    def of_subject(subject_id: int) -> tuple[LimitLeft, ...]:
        found = []
        for moment, limit in wanted:
            if limit.channels and subject_id not in limit.channels:
                continue
            day = today if limit.daily else 0
            key = LimitUse(subject_id, day, limit.unit, MOMENTS[moment])
            is_money = limit.unit is LimitUnit.FEN
            found.append(LimitLeft(moment, limit.daily, is_money, limit.cap, used.get(key, 0)))
        return tuple(found)

    return {one: of_subject(one) for one in subject_ids}
