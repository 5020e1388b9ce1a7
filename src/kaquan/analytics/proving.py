"""Running the proof and keeping what it found; on the command line, and as a job from a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from kaquan.analytics.actions import record_proof
from kaquan.analytics.models import ProofRun
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.proof import ChangeProof, prove_changes
from kaquan.foundation.jobs import actions
from kaquan.foundation.jobs.actors import from_json
from kaquan.foundation.jobs.models import Job
from kaquan.ledger.connections import connect_default
from kaquan.ledger.prove import Fault, Progress, Proof
from kaquan.ledger.prove import prove as prove_ledger

PERMISSION = "ledger.prove"
KIND = "ledger.proof"
RUNS_MAX = 100
_PERCENT_OF_BLOCKS = 80
"""The blocks are most of the work; the tables come after them."""
_PERCENT = 100


def prove_and_record(progress: Progress, *, asked_by: str = "") -> tuple[Proof, ChangeProof]:
    """Prove the ledger and the change log, and keep what was found for the pages.

    What is wrong with the log stands among the faults.
    """
    proof = prove_ledger(connect_default, progress=progress)
    changes = prove_changes(connect_default)
    found = [Fault(**structs.asdict(fault)) for fault in changes.faults]
    proof = structs.replace(proof, faults=[*proof.faults, *found])
    record_proof(proof, asked_by=asked_by)
    return proof, changes


def ask_for_proof(*, actor: Actor) -> Job:
    """Let the books be proven now; while a proof runs, asking again finds that one.

    Raises `permission_denied`, `jobs_too_many`.
    """
    require(actor, PERMISSION)
    running = running_proof()
    if running is not None:
        return running
    return actions.start(
        actor=actor, kind=KIND, title_zh="核对账目", title_en="Proof of the books", parameters={}
    )


def run_proof(job: Job) -> Mapping[str, Any]:
    """Do such a job; its progress is told in percent."""

    def tell(stage: str, done: int, total: int) -> None:
        share = done * _PERCENT_OF_BLOCKS // total if total else 0
        if stage != "blocks":
            rest = _PERCENT - _PERCENT_OF_BLOCKS
            share = _PERCENT_OF_BLOCKS + (done * rest // total if total else 0)
        # The end is told by whoever finishes the job; before, nothing is written every time.
        actions.progress(job.id, min(share, _PERCENT - 1), _PERCENT)

    proof, changes = prove_and_record(tell, asked_by=from_json(job.actor).name)
    return {
        "ok": proof.ok,
        "blocks": proof.blocks,
        "entries": proof.entries,
        "vouchers": proof.vouchers,
        "changes": changes.changes,
    }


def running_proof() -> Job | None:
    """The proof that is under way or about to begin; it is about the whole issuer's books."""
    rows = Job.objects.filter(kind=KIND, state__in=actions.NOT_ENDED)
    return rows.order_by("created_at").first()


def last_proofs(actor: Actor, limit: int = 20) -> Sequence[ProofRun]:
    """What the last proofs found, the latest first; raises `permission_denied`."""
    require(actor, "ledger.view")
    return list(ProofRun.objects.order_by("-ran_at")[: max(0, min(limit, RUNS_MAX))])
