"""What is done with paper where it lies: received, activated, handed out, spoiled, missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.custody import actions, cases, notes
from kaquan.custody.permissions import MOVE, SUPPLY
from kaquan.foundation.actor import Actor
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.screens.paper_words import (
    FIRST,
    LAST,
    MISSING,
    REASON,
    kept_typing,
    ranges_typed,
)

_MISSING = "missing"
_ACTS: dict[str, tuple[Text, str]] = {
    "hand_out": (_("Hand out"), MOVE),
    "take_back": (_("Take back"), MOVE),
    "spoil": (_("Take out as spoiled"), MOVE),
    _MISSING: (_("Report as missing"), MOVE),
    "activate": (_("Activate"), SUPPLY),
}


def _told(doing: Doing) -> dict[str, Any]:
    """Who does it, with which range, and the form's own name."""
    values = doing.values
    return {
        "actor": doing.actor,
        "first": values["first"],
        "last": values["last"] or "",
        "once": doing.once,
    }


class _PaperForm(FormScreen):
    parent: ClassVar[str] = "paper"

    def home(self, key: Any) -> str:
        """The stock."""
        del key
        return reverse("console:paper")


class PaperAct(_PaperForm):
    """One act with a range."""

    name = "paper-act"
    path = "paper/act"
    title = _("Hand out and more")
    permission = MOVE
    save_words = _("Do it")
    hint = _("All of the range is done, or nothing of it. What is missing becomes a case that two "
             "people close.")  # fmt: skip
    fields = (
        Field("act", _("What"), "choice", required=True),
        FIRST,
        LAST,
        REASON,
    )

    def form_fields(self, actor: Actor, key: Any) -> Sequence[Field]:
        """With what one may do."""
        del key
        options = [(name, words) for name, (words, needed) in _ACTS.items() if holds(actor, needed)]
        return [one.with_options(options) if one.name == "act" else one for one in self.fields]

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Do it with all of the range, once for each form."""
        values = doing.values
        about = _told(doing) | {"reason": values["reason"] or ""}
        with kept_typing():
            if values["act"] == _MISSING:
                done = actions.report_missing(**about)
            else:
                done = actions.do_act(act=values["act"], **about)
        words = _("%(what)s: %(number)s pieces.")
        told = {"what": _ACTS[values["act"]][0], "number": f"{done.quantity:,}"}
        return words % told, self.home(key)


class ReceivePaper(_PaperForm):
    """What came from the printer, counted."""

    name = "paper-receive"
    path = "paper/receive"
    title = _("Take over from the printer")
    permission = SUPPLY
    save_words = _("Sign")
    hint = _("Count before you sign. What was received is dead until it is activated.")
    fields = (FIRST, LAST, MISSING)

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Take all over but what is missing."""
        missing = ranges_typed(doing.values["missing"])
        with kept_typing():
            done = actions.receive(**_told(doing), missing=missing)
        words = _("%(number)s pieces were received.") % {"number": f"{done.quantity:,}"}
        return words, self.home(key)


class SendPaper(_PaperForm):
    """A new transfer note."""

    name = "paper-send"
    path = "paper/send"
    title = _("Send paper vouchers")
    permission = MOVE
    save_words = _("Send")
    hint = _("The other side counts and signs; until then the pieces are on their way.")
    fields = (
        FIRST,
        LAST,
        Field("target", _("Receiver"), "node", required=True,
              hint=_("Name or code, below or above who has them now.")),
    )  # fmt: skip

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Open the note and book it."""
        del key
        with kept_typing():
            note = notes.send(**_told(doing), target=doing.values["target"])
        words = _("Transfer note %(number)s: %(pieces)s pieces await the signature of %(place)s.")
        told = {"number": note.id, "pieces": f"{note.quantity:,}", "place": note.target.name}
        return words % told, reverse("console:paper-note", kwargs={"key": note.id})


class DestroyPaper(_PaperForm):
    """Asking for a range to be destroyed."""

    name = "paper-destroy"
    path = "paper/destroy"
    title = _("Destroy paper vouchers")
    permission = SUPPLY
    save_words = _("Ask for it")
    hint = _("Somebody else who was there confirms it; only then it is booked.")
    fields = (FIRST, LAST, Field("reason", _("Reason"), required=True, characters_max=500))

    def save(self, doing: Doing, key: Any) -> tuple[Text, str]:
        """Open the case."""
        del key
        with kept_typing():
            case = cases.ask_to_destroy(**_told(doing), reason=doing.values["reason"])
        words = _("%(number)s pieces are to be destroyed; a witness must confirm it.")
        there = reverse("console:paper-case", kwargs={"key": case.id})
        return words % {"number": f"{case.quantity:,}"}, there


RECEIVE = ReceivePaper()
