"""Handing in what a device did without a network: each use is booked once, in the order of arrival.

What was used was used. Where the books take it no more, the issuer owes the store what it gave, as
far as the device's grant goes; beyond that the store bears it, and both stand in the list of
conflicts. What was taken back was not used. Handed in again, a line has the answer that it had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from kaquan.engine.codes import CodeFault
from kaquan.engine.signed import SignedVoucher
from kaquan.offline.booking import book_uses
from kaquan.offline.cases import Case, Judged, ToldUse
from kaquan.offline.granting import is_online_only, journal_of
from kaquan.offline.journal import Line, UndoLine, beginning, is_signed, line_hash, read_line
from kaquan.offline.models import (
    FaultKind,
    Grant,
    Journal,
    JournalFault,
    OfflineUndo,
    OfflineUse,
    Verdict,
)
from kaquan.offline.undoing import take_back, undone_by
from kaquan.redemption.codes import ISSUER, code_book
from kaquan.redemption.signed_keys import read_revoked_code, read_signed_code
from kaquan.terminals.models import Device, Shift

USES_MAX = 50
SKEW = timedelta(minutes=5)


def sync(
    *,
    device: Device,
    uses: Sequence[ToldUse],
    pending: int,
    pending_fen: int,
    at: datetime,
) -> list[Judged]:
    """Take lines in, at most `USES_MAX`, in the order in which they are given; one answer for each.

    Raises `offline_books_out_of_reach`: then nothing was taken in, and all may be sent again.
    """
    assert len(uses) <= USES_MAX, len(uses)
    with transaction.atomic():
        journal = journal_of(device, at)
        taking = _Taking(device, journal, at)
        judged = [taking.read(one) for one in uses]
        taking.book()
        journal.pending, journal.pending_fen, journal.reached_at = pending, pending_fen, at
        journal.save()
    kept = taking.kept
    return [kept.get(one.hash, one) for one in judged]


class _Taking:
    """One call's lines of one device."""

    def __init__(self, device: Device, journal: Journal, at: datetime) -> None:
        self._device, self._journal, self._at = device, journal, at
        self._cases: list[Case] = []
        self._newest = Grant.objects.filter(device=device).order_by("-id").first()
        self.kept: dict[str, Judged] = {}

    def read(self, told: ToldUse) -> Judged:
        """One line, as far as it can be judged without the books; taking back asks them."""
        digest = line_hash(told.text)
        line = read_line(told.text)
        if line is None or line.device != self._device.pk:
            return self._turned_away(digest, 0, FaultKind.FORM)
        if not is_signed(told.text, told.signature, self._device.public_key):
            return self._turned_away(digest, line.counter, FaultKind.SIGNATURE)
        waiting = Judged(digest.hex(), known=True, verdict="")
        if any(case.hash == digest for case in self._cases):
            return waiting
        if isinstance(line, UndoLine):
            return self._taken_back(line, told, digest)
        known = OfflineUse.objects.filter(device=self._device, hash=digest).first()
        if known is not None:
            return Judged(digest.hex(), known=True, verdict=known.verdict, reason=_why(known))
        said, revoked_at = _said(told.code)
        if hashlib.sha256(told.code.encode()).hexdigest() != line.code_hash:
            return self._turned_away(digest, line.counter, FaultKind.FORM)
        if said is None or said.issuer != ISSUER or said.serial != line.serial:
            return self._turned_away(digest, line.counter, FaultKind.FORM)
        self._cases.append(self._case(line, told, digest, said.value_fen, revoked_at))
        return waiting

    def book(self) -> None:
        """Bring the uses that were read into the books, and write down what became of them."""
        cases, self._cases = self._cases, []
        book_uses(self._device, cases)
        shifts = self._shifts({case.line.shift for case in cases})
        for case in cases:
            self._keep(case, case.line.shift if case.line.shift in shifts else None)
        self._keep_newest()

    def _taken_back(self, line: UndoLine, told: ToldUse, digest: bytes) -> Judged:
        """A line that takes a use back; what stands before it in the journal is booked first."""
        known = OfflineUndo.objects.filter(device=self._device, hash=digest).first()
        if known is not None:
            return _judged(known)
        self.book()
        faults = self._placed(line)
        undone = take_back(self._device, line, digest, self._at)
        if not undone.counted:
            faults.append(FaultKind.UNDO)
        elif undone.use is not None:
            self._give_back(undone.use)
        at = min(max(line.said_at, self._device.registered_at), self._at)
        kept = OfflineUndo.objects.create(
            device=self._device,
            use=undone.use,
            shift_id=next(iter(self._shifts({line.shift})), None),
            counter=line.counter,
            hash=digest,
            text=told.text,
            signature=told.signature,
            at=at,
            received_at=self._at,
            counted=undone.counted,
            reason=undone.reason,
        )
        self._went_on(line, at)
        for kind in faults:
            self._fault(kind, line.counter)
        return _judged(kept)

    def _give_back(self, use: OfflineUse) -> None:
        """What was reversed counts against the grant no more; what was never booked did not."""
        newest = self._newest
        if newest is None or use.block is None or use.counter <= newest.after_counter:
            return
        if not use.uncovered:
            newest.spent_fen = max(newest.spent_fen - use.amount_fen, 0)
            self._keep_newest()

    def _case(
        self,
        line: Line,
        use: ToldUse,
        digest: bytes,
        value_fen: int,
        revoked_at: datetime | None,
    ) -> Case:
        """Place a line in the journal: what is odd about it, when it was, who stands up for it."""
        faults = self._placed(line)
        grant = Grant.objects.filter(device=self._device, id=line.grant).first()
        begins_at = grant.made_at if grant else self._device.registered_at
        use_at = min(max(line.said_at, begins_at), self._at)
        case = Case(line, use, digest, use_at, use.code, value_fen, grant, "", faults=faults)
        case.undone_by = undone_by(self._device, line, digest, grant, use.undo)
        case.uncovered = self._uncovered(case)
        if case.uncovered == "online_only":
            faults.append(FaultKind.ONLINE_ONLY)
        if revoked_at is not None and grant is not None and grant.made_at < revoked_at:
            # It could not know better: what it took is that voucher, as if the key were good.
            case.code = code_book().encode(line.serial)
        elif revoked_at is not None:
            case.uncovered = "key_revoked"
        if not case.uncovered and case.undone_by is None and self._newest is not None:
            self._newest.spent_fen += line.amount_fen
        self._went_on(line, use_at)
        return case

    def _placed(self, line: Line | UndoLine) -> list[FaultKind]:
        """What is odd about where a line stands, and when."""
        journal, faults = self._journal, []
        if not self._follows(line):
            faults.append(FaultKind.GAP)
        if self._stands_beside(line):
            faults.append(FaultKind.FORK)
        told = ((journal.last_use_at, line.said_at), (journal.last_wall_at, line.wall_at))
        if any(before is not None and now < before - SKEW for before, now in told):
            faults.append(FaultKind.CLOCK_BACK)
        if line.said_at > self._at + SKEW:
            faults.append(FaultKind.CLOCK_AHEAD)
        return faults

    def _went_on(self, line: Line | UndoLine, at: datetime) -> None:
        """The journal reaches this far."""
        journal = self._journal
        journal.last_counter = max(journal.last_counter, line.counter)
        journal.last_use_at = max(filter(None, (journal.last_use_at, at)))
        journal.last_wall_at = line.wall_at

    def _uncovered(self, case: Case) -> str:
        """Why the issuer does not stand up for a use; empty: it does."""
        line, grant, newest = case.line, case.grant, self._newest
        if grant is None or newest is None:
            return "no_grant"
        if not grant.made_at - SKEW <= line.said_at <= grant.ends_at + SKEW:
            return "outside_grant"
        if is_online_only(grant, line.serial):
            return "online_only"
        if line.amount_fen > case.value_fen:
            return "above_value"
        if line.amount_fen > grant.use_fen_max:
            return "above_use_cap"
        if newest.spent_fen + line.amount_fen > newest.total_fen_max:
            return "above_total_cap"
        return ""

    def _follows(self, line: Line | UndoLine) -> bool:
        """Whether the line before it is known."""
        if line.counter == 1:
            return line.previous == beginning(self._device.pk)
        if any(case.hash.hex() == line.previous for case in self._cases):
            return True
        before = {"hash": bytes.fromhex(line.previous), "counter": line.counter - 1}
        return self._knows(**before)

    def _stands_beside(self, line: Line | UndoLine) -> bool:
        """Whether another line has its number: the journal was copied, and both went on."""
        if any(case.line.counter == line.counter for case in self._cases):
            return True
        return self._knows(counter=line.counter)

    def _knows(self, **which: object) -> bool:
        """Whether such a line was handed in before."""
        return any(
            rows.filter(device=self._device, **which).exists()
            for rows in (OfflineUse.objects, OfflineUndo.objects)
        )

    def _shifts(self, ids: set[int]) -> set[int]:
        """Those of the shifts that lines name which are this device's."""
        if not ids:
            return set()
        rows = Shift.objects.filter(device=self._device, id__in=ids)
        return set(rows.values_list("id", flat=True))

    def _turned_away(self, digest: bytes, counter: int, kind: FaultKind) -> Judged:
        """What nobody can book: it is not this device's, or about no voucher."""
        self._fault(kind, counter)
        return Judged(digest.hex(), known=False, verdict=Verdict.REFUSED, reason=kind)

    def _fault(self, kind: FaultKind, counter: int) -> None:
        JournalFault.objects.get_or_create(
            device=self._device, kind=kind, counter=counter, defaults={"at": self._at}
        )

    def _keep_newest(self) -> None:
        if self._newest is not None:
            self._newest.save(update_fields=["spent_fen"])

    def _keep(self, case: Case, shift_id: int | None) -> None:
        outcome, loss = case.outcome, case.loss
        verdict, reason, place = Verdict.UNDONE, "", None
        if outcome is not None:
            verdict = Verdict.BOOKED if outcome.done else Verdict.REFUSED
            reason = "" if outcome.done else outcome.code.name.lower()
            place = outcome.place
        uncovered, loss_fen = case.uncovered, 0
        if loss is not None and loss.done:
            verdict, loss_fen, place = Verdict.LOSS, case.loss_fen, loss.place
        elif loss is not None:
            uncovered = loss.code.name.lower()
        kept = OfflineUse.objects.create(
            device=self._device,
            grant=case.grant,
            shift_id=shift_id,
            counter=case.line.counter,
            hash=case.hash,
            text=case.told.text,
            signature=case.told.signature,
            serial=case.line.serial,
            amount_fen=case.line.amount_fen,
            at=case.at,
            received_at=self._at,
            verdict=verdict,
            reason=reason,
            uncovered=uncovered,
            loss_fen=loss_fen,
            block=None if place is None else place.block,
            block_index=None if place is None else place.index,
            undone_by=case.undone_by,
        )
        for kind in case.faults:
            self._fault(kind, case.line.counter)
        digest = case.hash.hex()
        self.kept[digest] = Judged(digest, known=True, verdict=verdict, reason=_why(kept))


def _said(code: str) -> tuple[SignedVoucher | None, datetime | None]:
    """What a signed code says; and since when its key is believed no more, if so."""
    said = read_signed_code(code)
    if isinstance(said, CodeFault):
        return read_revoked_code(code) or (None, None)
    return said, None


def _why(use: OfflineUse) -> str:
    return use.uncovered or use.reason


def _judged(undo: OfflineUndo) -> Judged:
    verdict = Verdict.UNDONE if undo.counted else Verdict.REFUSED
    return Judged(bytes(undo.hash).hex(), known=True, verdict=verdict, reason=undo.reason)
