"""Better terms for vouchers that are out: compared, asked for, agreed to, put in place.

The ledger judges by them from its next block on and commits before the approval does. Everything
that is booked stands in the request, so an approval that is begun again books nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import transaction

from kaquan.approvals.actions import ask
from kaquan.approvals.models import ApprovalRequest
from kaquan.approvals.queries import open_of
from kaquan.campaigns.errors import batch_planned, terms_not_better, terms_unchanged
from kaquan.campaigns.keeping import PERMISSION, keep_better_terms
from kaquan.campaigns.laws import faults_in, require_lawful
from kaquan.campaigns.models import Booked, CampaignBatch
from kaquan.campaigns.queries import batch_by_id, supplies_of
from kaquan.engine.commands import RequestKey, ReviseTerms
from kaquan.engine.money import MAX_FEN
from kaquan.engine.rules.check import compile_terms
from kaquan.engine.rules.reading import read_terms, terms_bytes
from kaquan.engine.rules.terms import Terms
from kaquan.engine.terms_better import Difference, differences
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require, system_actor
from kaquan.foundation.refusals import INTERNAL_CLIENT, raise_if_refused
from kaquan.ledger.batch_rules import terms_now
from kaquan.ledger.door import submit
from kaquan.ledger.sessions import reading_session
from kaquan.offers.actions import mark_version_used, publish_version, reserve_version_id
from kaquan.offers.errors import terms_invalid
from kaquan.offers.queries import names_in

BETTER_TERMS = "batch.better_terms"
SUBJECT = "batch"

read_reason = cells.text(1_000)


class Comparison(NamedTuple):
    """A batch's terms as they are and as somebody wants them, and each field that differs."""

    batch: CampaignBatch
    version: int
    now: Terms
    wanted: Terms
    differences: Sequence[Difference]

    @property
    def against(self) -> list[Difference]:
        """What may not count for vouchers that are out."""
        return [one for one in self.differences if not one.is_better]


def current_terms(actor: Actor, batch_id: int) -> tuple[CampaignBatch, int, Terms]:
    """A batch, how often its terms were revised, and the terms; raises `batch_unknown`,
    `batch_planned`."""
    batch = batch_by_id(actor, batch_id)
    if batch.campaign.booked == Booked.NOTHING:
        raise batch_planned(batch.name)
    version, terms = terms_now(reading_session(), batch.id)
    return batch, version, terms


def compare(
    *, actor: Actor, batch_id: int, terms: Terms | Mapping[str, Any], at: datetime
) -> Comparison:
    """Each field in which terms differ from those of the vouchers that are out, in words.

    Raises `batch_unknown`, `batch_planned`, `terms_invalid`.
    """
    batch, version, now = current_terms(actor, batch_id)
    wanted = read_terms(terms_bytes(terms) if isinstance(terms, Terms) else dict(terms))
    if not isinstance(wanted, Terms):
        raise terms_invalid(wanted)
    found = differences(
        compile_terms(now),
        compile_terms(wanted),
        at=at,
        from_budget=batch.budget_id is not None,
        names=names_in(actor, now) | names_in(actor, wanted),
    )
    return Comparison(batch, version, now, wanted, found)


def ask_better_terms(
    *,
    actor: Actor,
    batch_id: int,
    terms: Terms | Mapping[str, Any],
    reason: str,
    at: datetime,
) -> ApprovalRequest:
    """Ask that better terms count for what a batch has issued and will; the same again finds the
    open request.

    Raises `batch_unknown`, `batch_planned`, `terms_invalid`, `terms_unchanged`,
    `terms_not_better`, `terms_unlawful`, `approval_open`, `value_invalid`.
    """
    require(actor, PERMISSION)
    reason = cells.accepted(read_reason, reason, zh="原因", en="reason")
    compared = compare(actor=actor, batch_id=batch_id, terms=terms, at=at)
    if not compared.differences:
        raise terms_unchanged()
    if compared.against:
        raise terms_not_better(compared.against)
    batch = compared.batch
    if not faults_in(batch.campaign, compared.now):  # what is wrong already may still get better
        require_lawful(batch.campaign, [compared.wanted])
    with transaction.atomic():
        found = open_of(actor, BETTER_TERMS, SUBJECT, batch.id)
        wanted = msgspec.json.decode(terms_bytes(compared.wanted))
        if found is not None and found.asked_by == actor.id and found.content["terms"] == wanted:
            return found
        content = {
            "batch_id": batch.id,
            "offer_id": batch.offer_version.offer_id,
            "offer_version_id": reserve_version_id(),
            "expected_version": compared.version,
            "terms": wanted,
            "differences": [msgspec.to_builtins(one) for one in compared.differences],
            "reason": reason,
        }
        # Tried before it is asked for: what the ledger would refuse nobody need look at.
        raise_if_refused(submit([_command(content, "try", at)], actor=actor, dry=True))
        return ask(
            actor,
            kind=BETTER_TERMS,
            subject_kind=SUBJECT,
            subject_id=batch.id,
            title=f"{batch.campaign.name} · {batch.name}",
            organisation_id=batch.campaign.organisation_id,
            amount_fen=_more_fen(compared),
            content=content,
        )


def carry_out(request: ApprovalRequest) -> None:
    """Publish the terms as the offer's next version and put them in place; once, also where the
    transaction around it fails after this and is tried again."""
    content, at, actor = request.content, clock.now(), system_actor(f"approval {request.pk}")
    rows = CampaignBatch.objects.select_for_update(of=("self",))
    batch = rows.select_related("campaign__organisation", "offer_version").get(
        id=content["batch_id"]
    )
    before = batch.offer_version
    version = publish_version(
        actor=actor,
        offer_id=content["offer_id"],
        terms=content["terms"],
        at=at,
        version_id=content["offer_version_id"],
        betters_id=before.id,
    )
    mark_version_used(actor=actor, version_id=version.id)
    batch.offer_version = version
    batch.save(update_fields=["offer_version"])
    keep_better_terms(actor, batch, before=before, reason=content["reason"])
    command = _command(content, str(request.pk), at)
    raise_if_refused(submit([command], actor=actor, dry=True))
    raise_if_refused(submit([command], actor=actor))


def _command(content: Mapping[str, Any], name: str, at: datetime) -> ReviseTerms:
    terms = read_terms(dict(content["terms"]))
    assert isinstance(terms, Terms), terms
    return ReviseTerms(
        at=at,
        key=RequestKey(INTERNAL_CLIENT, f"approval:{name}"),
        batch_id=content["batch_id"],
        terms=terms_bytes(terms),
        expected_version=content["expected_version"],
        offer_version_id=content["offer_version_id"],
        reason=content["reason"],
    )


def _more_fen(compared: Comparison) -> int:
    """How much more a batch may cost with the terms that are wanted: what levels go by."""
    now_fen, wanted_fen = compared.now.maximum_cost_fen(), compared.wanted.maximum_cost_fen()
    if now_fen is None or wanted_fen is None:
        return 0 if now_fen == wanted_fen else MAX_FEN
    minted = supplies_of([compared.batch.id])[compared.batch.id].minted
    return min(max(0, wanted_fen - now_fen) * minted, MAX_FEN)
