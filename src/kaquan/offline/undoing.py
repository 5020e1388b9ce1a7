"""Taking back, by a line of the journal, a use that the same journal told.

A use whose taking back came along with it is booked in no way: nothing was given, and nobody owes
anything. One that was handed in before, its answer lost on the way, is reversed in the books.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kaquan.engine.outcomes import OutcomeCode
from kaquan.engine.places import Place
from kaquan.offline.booking import book_reversal, is_in_the_books
from kaquan.offline.cases import ToldUndo, request_key
from kaquan.offline.journal import Line, UndoLine, is_signed, line_hash, read_line
from kaquan.offline.models import Grant, OfflineUse, Verdict
from kaquan.terminals.models import Device


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of taking a use back; ``reason``: why it counts for nothing."""

    use: OfflineUse | None
    reason: str = ""

    @property
    def counted(self) -> bool:
        """Whether it did."""
        return not self.reason


def undone_by(
    device: Device, line: Line, digest: bytes, grant: Grant | None, undo: ToldUndo | None
) -> bytes | None:
    """The hash of the line that took a use back before the books heard of it; None: none did."""
    if undo is None or not is_signed(undo.text, undo.signature, device.public_key):
        return None
    said = read_line(undo.text)
    if not isinstance(said, UndoLine) or said.device != device.pk:
        return None
    if (said.undone, said.undone_hash) != (line.counter, digest.hex()):
        return None
    if not _is_in_time(grant, line, said):
        return None
    # A call whose answer was lost may have booked it all the same: then it is reversed there.
    if is_in_the_books(request_key(device.pk, digest)):
        return None
    return line_hash(undo.text)


def take_back(device: Device, line: UndoLine, digest: bytes, at: datetime) -> Undone:
    """Take back what a line names. Raises `offline_books_out_of_reach`."""
    rows = OfflineUse.objects.select_related("grant").filter(device=device, counter=line.undone)
    use = rows.filter(hash=bytes.fromhex(line.undone_hash)).first()
    said = read_line(use.text) if use else None
    if use is None or not isinstance(said, Line):
        return Undone(None, "use_unknown")
    if use.undone_by is not None:
        return Undone(use, "" if bytes(use.undone_by) == digest else "undone_before")
    if not _is_in_time(use.grant, said, line):
        return Undone(use, "undone_too_late")
    if use.verdict == Verdict.LOSS:
        return Undone(use, "loss_booked")
    if use.verdict == Verdict.BOOKED:
        refusal = _reverse(device, use, digest, min(max(line.said_at, use.at), at))
        if refusal:
            return Undone(use, refusal)
    use.verdict, use.undone_by = Verdict.UNDONE, digest
    use.save(update_fields=["verdict", "undone_by"])
    return Undone(use)


def _reverse(device: Device, use: OfflineUse, digest: bytes, at: datetime) -> str:
    """Why the books do not reverse it; empty: they did, or somebody else had already."""
    assert use.block is not None, use.pk
    assert use.block_index is not None, use.pk
    outcome = book_reversal(
        device=device,
        redemption=Place(use.block, use.block_index),
        serial=use.serial,
        key=request_key(device.pk, digest),
        at=at,
    )
    good = outcome.done or outcome.code is OutcomeCode.ALREADY_REVERSED
    return "" if good else outcome.code.name.lower()


def _is_in_time(grant: Grant | None, line: Line, undo: UndoLine) -> bool:
    """Whether it was while the clerk could undo uses by themselves, both by the device's clock."""
    if grant is None:
        return False
    took = timedelta(milliseconds=undo.said_ms - line.said_ms)
    return timedelta(0) <= took <= timedelta(minutes=grant.undo_minutes)
