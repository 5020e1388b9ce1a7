"""Whether the books hold together, as the last proof found."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from kaquan.analytics.queries import last_proof
from kaquan.surfaces.console.kit.cells import Fact, badge, code, count, moment, text
from kaquan.surfaces.console.kit.panels import Facts
from kaquan.surfaces.console.kit.screens import Call, Screen


class ProofState(Screen):
    """The last proof. It is about the whole issuer's books, and names nobody's."""

    name = "proof"
    path = "proof"
    title = _("Proof")
    permission = "ledger.view"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """What it found."""
        del key
        proof = last_proof()
        if proof is None:
            context: dict[str, Any] = {"proof": None, "panels": []}
            return self.page(call, "console/proof.html", context)
        facts = [
            Fact(_("Result"), badge(_("The books hold together"), "good") if proof.ok
                 else badge(_("The books are wrong"), "bad")),
            Fact(_("Last run"), moment(proof.ran_at)),
            Fact(_("Blocks"), count(proof.blocks)),
            Fact(_("Entries"), count(proof.entries)),
            Fact(_("Vouchers"), count(proof.vouchers)),
            Fact(_("Took"), text(f"{proof.seconds:.1f} s")),
            Fact(_("Head"), code(proof.head)),
        ]  # fmt: skip
        # The first wrong row may be anybody's: it is for those who see the whole issuer.
        if proof.fault and not call.actor.organisation_path:
            facts.append(Fact(_("First fault"), text(proof.fault)))
        return self.page(call, "console/proof.html", {"proof": proof, "panels": [Facts("", facts)]})
