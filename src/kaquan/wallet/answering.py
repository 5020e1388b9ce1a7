"""Asking the ledger for many claims at once, and keeping what it said of each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import DatabaseError, connection

from kaquan.engine.commands import Claim, RequestKey
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.door import submit
from kaquan.redemption.visits import Visit, gather_many
from kaquan.wallet.acting import NEWCOMER, acting_as
from kaquan.wallet.errors import claim_failed
from kaquan.wallet.models import LinkClaim
from kaquan.wallet.own_words import in_own_words

_UNSURE = (OutcomeCode.BUSY, OutcomeCode.UNAVAILABLE)
_KEEP = """
UPDATE wallet_link_claim AS claim
SET serial = told.serial, answered_at = %s, refusal = told.refusal,
  refusal_zh = told.zh, refusal_en = told.en
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[])
  AS told (id, serial, refusal, zh, en)
WHERE claim.id = told.id AND claim.answered_at IS NULL
"""

log = logging.getLogger(__name__)


class Answered(NamedTuple):
    """What became of a claim: a serial, or why there is none."""

    claim: LinkClaim
    serial: int | None = None
    refusal: str = ""
    zh: str = ""
    en: str = ""

    @classmethod
    def refused(cls, claim: LinkClaim, error: KaquanError) -> Answered:
        """Nothing was given."""
        return cls(claim, None, error.code[:64], error.zh[:500], error.en[:500])


def ask_ledger(claims: Sequence[LinkClaim]) -> list[Answered]:
    """The ledger's answers in this order; without those of which it is not sure."""
    if not claims:
        return []
    try:
        outcomes = _outcomes(claims)
    except KaquanError as error:
        if len(claims) == 1:
            return [Answered.refused(claims[0], error)]
    except DatabaseError:
        raise
    except Exception:
        # Our own bug in one claim must not stop the line: each goes alone, and that one leaves.
        if len(claims) == 1:
            log.exception("the claim %d failed", claims[0].id)
            return [Answered.refused(claims[0], claim_failed())]
    else:
        told = zip(claims, outcomes, strict=True)
        return [_answered(*one) for one in told if one[1].code not in _UNSURE]
    return [told for claim in claims for told in ask_ledger([claim])]


def keep_answers(told: Sequence[Answered], at: datetime) -> None:
    """Write them down; they are final."""
    columns: list[list[Any]] = [
        [one.claim.id for one in told],
        [one.serial for one in told],
        [one.refusal for one in told],
        [one.zh for one in told],
        [one.en for one in told],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [at, *columns])


def _outcomes(claims: Sequence[LinkClaim]) -> list[Outcome]:
    visits = [
        (Visit(customer_number=claim.customer.number, channel=claim.link.channel), claim.at)
        for claim in claims
    ]
    commands = [
        Claim(
            at=claim.at,
            key=RequestKey(INTERNAL_CLIENT, f"wallet:claim:{claim.id}"),
            batch_id=claim.link.batch_id,
            serial=None,
            facts=facts,
            actor=acting_as(claim.customer).id,
        )
        for claim, facts in zip(claims, gather_many(NEWCOMER, visits), strict=True)
    ]
    return submit(commands, actor=NEWCOMER)


def _answered(claim: LinkClaim, outcome: Outcome) -> Answered:
    if outcome.done:
        return Answered(claim, outcome.vouchers[0].serial)
    return Answered.refused(claim, in_own_words(outcome))
