"""Better terms for a batch whose vouchers are out."""

from __future__ import annotations

from msgspec import structs

from kaquan.engine import commands as c
from kaquan.engine.decide.supply import BATCH_UNKNOWN, FAULTS_TOLD, malformed_terms
from kaquan.engine.decide.vouchers import done
from kaquan.engine.outcomes import Outcome, OutcomeCode, Refusal
from kaquan.engine.rows import TermsVersion
from kaquan.engine.rules.check import compile_terms
from kaquan.engine.rules.reading import read_terms
from kaquan.engine.rules.terms import Terms
from kaquan.engine.terms_better import revision_faults
from kaquan.engine.world import World


def revise_terms(command: c.ReviseTerms, world: World) -> Outcome | Refusal:
    """From now on all vouchers of a batch are judged by these terms, if they are no worse for any.

    A paused or stopped batch may be revised too: its vouchers are out. No unit moves; the record
    of the command is the evidence.
    """
    terms = read_terms(command.terms)
    if not isinstance(terms, Terms):
        return malformed_terms(terms)
    batch = world.batches.get(command.batch_id)
    if batch is None:
        return BATCH_UNKNOWN
    rules = compile_terms(terms)
    from_budget = batch.budget_id > 0
    faults = revision_faults(batch.rules, rules, at=command.at, from_budget=from_budget)
    if faults:
        told = [f"{fault.path}: {fault.en}" for fault in faults[:FAULTS_TOLD]]
        return Refusal(OutcomeCode.TERMS_NOT_BETTER, {"faults": told})
    if command.expected_version != batch.terms_version:
        return Refusal(OutcomeCode.TERMS_CHANGED, {"terms_version": batch.terms_version})
    # From here on nothing may fail.
    number = batch.terms_version + 1
    revised = TermsVersion(number, command.offer_version_id, command.terms)
    world.touch("batches", batch.batch_id)
    world.batches[batch.batch_id] = structs.replace(
        batch,
        offer_version_id=command.offer_version_id,
        rules=rules,
        terms=command.terms,
        terms_version=number,
        unwritten=(*batch.unwritten, revised),
    )
    world.touch("slices", batch.batch_id)
    world.slices[batch.batch_id].custody_version += 1
    return done(world, data={"terms_version": number})
