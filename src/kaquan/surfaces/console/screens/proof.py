"""Whether the books hold together: what the last proofs found, and a new one on request."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from kaquan.analytics.models import ProofRun
from kaquan.analytics.proving import PERMISSION, ask_for_proof, last_proofs, running_proof
from kaquan.foundation.jobs.models import Job
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, code, count, moment, text
from kaquan.surfaces.console.kit.fields import Values
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Table, last_of
from kaquan.surfaces.console.kit.screens import Call
from kaquan.surfaces.console.screens.figures import Button, FiguresScreen
from kaquan.surfaces.console.words import JOB_STATES, state

RUNS_SHOWN = 50


def _result(proof: ProofRun) -> Cell:
    if proof.ok:
        return badge(_("The books hold together"), "good")
    return badge(_("The books are wrong"), "bad")


COLUMNS: tuple[Column[ProofRun], ...] = (
    Column("at", _("Run"), lambda one: moment(one.ran_at)),
    Column("result", _("Result"), _result),
    Column("blocks", _("Blocks"), lambda one: count(one.blocks), number=True, wide=True),
    Column("entries", _("Entries"), lambda one: count(one.entries), number=True, wide=True),
    Column("took", _("Took"), lambda one: text(f"{one.seconds:.1f} s"), number=True, wide=True),
    Column("by", _("Asked for by"), lambda one: text(one.asked_by or _("Command line")), wide=True),
)


class ProofState(FiguresScreen):
    """The proofs. They are about the whole issuer's books, and name nobody's."""

    name = "proof"
    path = "proof"
    title = _("Proof")
    permission = "ledger.view"
    note = _("Every figure is recomputed from the chain of blocks and compared, the change log's "
             "chain too. On the server: kaquan prove")  # fmt: skip

    def panels(self, call: Call, values: Values) -> Sequence[Panel]:
        """A proof that is under way, the last one, and those before."""
        del values
        proofs = last_proofs(call.actor, RUNS_SHOWN)
        running = running_proof()
        panels: list[Panel] = []
        if running is not None:
            panels.append(Facts(_("Under way"), _progress(call, running)))
        if proofs:
            panels.append(Facts(_("The last proof"), _facts(call, proofs[0])))
        # Who asked may be anybody: that is for those who see the whole issuer.
        columns = [one for one in COLUMNS if one.name != "by" or not call.actor.organisation_path]
        note = last_of(proofs, RUNS_SHOWN)
        panels.append(Table(_("Proofs so far"), columns, proofs, _("Not proven yet"), note))
        return panels

    def buttons(self, call: Call) -> Sequence[Button]:
        """A new one, unless one is under way."""
        if not holds(call.actor, PERMISSION) or running_proof() is not None:
            return ()
        return (("run", _("Prove now")),)

    def do(self, call: Call, name: str, values: Values) -> Text:
        """Begin it."""
        del name, values
        ask_for_proof(actor=call.actor)
        return _("The proof has begun.")

    def refreshes(self, call: Call) -> bool:
        """As long as one is under way."""
        del call
        return running_proof() is not None


def _progress(call: Call, job: Job) -> list[Fact]:
    facts = [
        Fact(_("State"), state(JOB_STATES, job.state)),
        Fact(_("Progress"), text(f"{job.progress_done if job.progress_total else 0}%")),
        Fact(_("Asked for"), moment(job.created_at)),
    ]
    if not call.actor.organisation_path:
        facts.append(Fact(_("Asked for by"), text(job.actor["name"])))
    return facts


def _facts(call: Call, proof: ProofRun) -> list[Fact]:
    facts = [
        Fact(_("Result"), _result(proof)),
        Fact(_("Last run"), moment(proof.ran_at)),
        Fact(_("Blocks"), count(proof.blocks)),
        Fact(_("Entries"), count(proof.entries)),
        Fact(_("Vouchers"), count(proof.vouchers)),
        Fact(_("Took"), text(f"{proof.seconds:.1f} s")),
        Fact(_("Head"), code(proof.head)),
    ]
    # The first wrong row may be anybody's: it is for those who see the whole issuer.
    if proof.fault and not call.actor.organisation_path:
        facts.append(Fact(_("First fault"), text(proof.fault)))
    return facts
