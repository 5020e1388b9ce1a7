"""Paper in words: its states, what is done with it, and how ranges are typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.utils.translation import gettext_lazy as _

from kaquan.engine.custody import Piece
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.imports_cells import FULL_WIDTH
from kaquan.surfaces.console.kit.cells import Cell, Text, badge
from kaquan.surfaces.console.kit.fields import Field
from kaquan.surfaces.console.screens.node_fields import FormFaultError

PIECES: dict[Piece, tuple[Text, str]] = {
    Piece.PRINTED: (_("At the printer's"), "info"),
    Piece.RECEIVED: (_("Received, not activated"), "muted"),
    Piece.READY: (_("On hand"), "good"),
    Piece.SENT: (_("On the way"), "info"),
    Piece.HANDED_OUT: (_("Handed out"), "good"),
    Piece.SPOILED: (_("Spoiled"), "warn"),
    Piece.LOST: (_("Lost"), "bad"),
    Piece.DESTROYED: (_("Destroyed"), "muted"),
    Piece.MISSING: (_("Pieces missing"), "bad"),
}
ACTS: dict[str, Text] = {
    "print": _("Printed"),
    "receive": _("Received"),
    "activate": _("Activated"),
    "send": _("Sent"),
    "accept": _("Signed for"),
    "call_back": _("Called back"),
    "miss": _("Not found at a count"),
    "find": _("Found"),
    "hand_out": _("Handed out"),
    "take_back": _("Taken back"),
    "spoil": _("Spoiled"),
    "lose": _("Lost"),
    "destroy": _("Destroyed"),
}
CODE_CHARACTERS_MAX = 100
# Codes have dashes of their own, so that only two serials may be joined by one.
_SERIALS = re.compile(r"^\s*([0-9]{1,12})\s*[-\u2013\u2014~至到]\s*([0-9]{1,12})\s*$")
FIRST = Field(
    "first",
    _("First voucher"),
    required=True,
    characters_max=CODE_CHARACTERS_MAX,
    hint=_("Scan its code, or type its serial."),
)
LAST = Field(
    "last",
    _("Last voucher"),
    characters_max=CODE_CHARACTERS_MAX,
    hint=_("Empty: only the first one."),
)
MISSING = Field(
    "missing",
    _("What is missing"),
    "long_text",
    characters_max=2_000,
    hint=_("A line for each: one code or serial, or first and last with a space between."),
)
REASON = Field("reason", _("Reason"), characters_max=500)


def piece(state: Piece) -> Cell:
    """Where a piece is in its life, as a badge."""
    return badge(*PIECES[state])


def ranges_typed(typed: str | None) -> list[tuple[str, str]]:
    """First and last of each line, with a space or, between serials, a dash between them."""
    lines: Sequence[list[str]] = [
        _SERIALS.sub(r"\1 \2", line.translate(FULL_WIDTH)).split()
        for line in (typed or "").splitlines()
    ]
    return [(parts[0], parts[-1] if len(parts) > 1 else "") for parts in lines if parts]


@contextmanager
def kept_typing() -> Iterator[None]:
    """What was typed stays, even where it names nothing that is there."""
    try:
        yield
    except KaquanError as error:
        if error.exit_code is ExitCode.PERMISSION_DENIED or not error.code.endswith("_unknown"):
            raise
        raise FormFaultError(error) from None
