"""Handing in what a device did without a network: each use is booked once, in the order of arrival.

What was used was used. Where the books take it no more, the issuer owes the store what it gave, as
far as the device's grant goes; beyond that the store bears it, and both stand in the list of
conflicts. Handed in again, a use has the answer that it had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from kaquan.engine.codes import CodeFault
from kaquan.engine.commands import BookLoss, RequestKey, Void
from kaquan.engine.facts import Facts
from kaquan.engine.lifecycle import FROZEN, State
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.signed import SignedVoucher
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.door import submit
from kaquan.offline.errors import books_out_of_reach
from kaquan.offline.granting import journal_of
from kaquan.offline.journal import Line, beginning, is_signed, line_hash, read_line
from kaquan.offline.models import (
    FaultKind,
    Grant,
    Journal,
    JournalFault,
    OfflineUse,
    Verdict,
)
from kaquan.redemption.actions import REDEEM, CodeUse, PastUse, redeem_past
from kaquan.redemption.codes import ISSUER, code_book
from kaquan.redemption.signed_keys import read_revoked_code, read_signed_code
from kaquan.redemption.visits import Visit, gather_many
from kaquan.terminals.models import Device, Shift

USES_MAX = 50
SKEW = timedelta(minutes=5)
_UNSURE = (OutcomeCode.BUSY, OutcomeCode.UNAVAILABLE)
_REASON = "离线核销 used without a network"


@dataclass(frozen=True, slots=True)
class ToldUse:
    """A line of a device's journal as it signed it, and the code that it is about."""

    text: str
    signature: bytes
    code: str

    def __repr__(self) -> str:
        return "<a use that was told>"


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one; ``known``: the server has it and it need not be handed in again."""

    hash: str
    known: bool
    verdict: str
    reason: str = ""


@dataclass(slots=True)
class _Case:
    """One use on its way into the books."""

    line: Line
    told: ToldUse
    hash: bytes
    at: datetime
    code: str
    value_fen: int
    grant: Grant | None
    uncovered: str
    outcome: Outcome | None = None
    loss: Outcome | None = None
    faults: list[FaultKind] = field(default_factory=list)

    @property
    def key(self) -> RequestKey:
        return RequestKey(INTERNAL_CLIENT, f"offline:{self.line.device}:{self.hash.hex()}")

    @property
    def is_booked(self) -> bool:
        return self.outcome is not None and self.outcome.done

    @property
    def loss_fen(self) -> int:
        return min(self.line.amount_fen, self.value_fen)


def sync(
    *,
    device: Device,
    uses: Sequence[ToldUse],
    pending: int,
    pending_fen: int,
    at: datetime,
) -> list[Judged]:
    """Take uses in, at most `USES_MAX`, in the order in which they are given; one answer for each.

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
    """One call's uses of one device."""

    def __init__(self, device: Device, journal: Journal, at: datetime) -> None:
        self._device, self._journal, self._at = device, journal, at
        self._cases: list[_Case] = []
        self._newest = Grant.objects.filter(device=device).order_by("-id").first()
        self.kept: dict[str, Judged] = {}

    def read(self, told: ToldUse) -> Judged:
        """One use, as far as it can be judged without the books."""
        digest = line_hash(told.text)
        line = read_line(told.text)
        if line is None or line.device != self._device.pk:
            return self._turned_away(digest, 0, FaultKind.FORM)
        if not is_signed(told.text, told.signature, self._device.public_key):
            return self._turned_away(digest, line.counter, FaultKind.SIGNATURE)
        waiting = Judged(digest.hex(), known=True, verdict="")
        if any(case.hash == digest for case in self._cases):
            return waiting
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
        """Bring the uses into the books and write down what became of them."""
        if not self._cases:
            return
        actor, visits = self._actor(), [(self._visit(case), case.at) for case in self._cases]
        facts = _facts(actor, visits)
        past = [
            PastUse(CodeUse(case.code), visit, case.at, case.key)
            for case, (visit, _at) in zip(self._cases, visits, strict=True)
        ]
        outcomes = _sure(redeem_past(actor=actor, past=past))
        for case, outcome in zip(self._cases, outcomes, strict=True):
            case.outcome = outcome
        lost = [
            (case, one)
            for case, one in zip(self._cases, facts, strict=True)
            if not case.is_booked and not case.uncovered
        ]
        _book_losses(actor, lost)
        shifts = set(
            Shift.objects.filter(
                device=self._device, id__in={case.line.shift for case in self._cases}
            ).values_list("id", flat=True)
        )
        for case in self._cases:
            self._keep(case, case.line.shift if case.line.shift in shifts else None)

    def _case(
        self,
        line: Line,
        use: ToldUse,
        digest: bytes,
        value_fen: int,
        revoked_at: datetime | None,
    ) -> _Case:
        """Place a line in the journal: what is odd about it, when it was, who stands up for it."""
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
        grant = Grant.objects.filter(device=self._device, id=line.grant).first()
        begins_at = grant.made_at if grant else self._device.registered_at
        use_at = min(max(line.said_at, begins_at), self._at)
        case = _Case(line, use, digest, use_at, use.code, value_fen, grant, "", faults=faults)
        case.uncovered = self._uncovered(case)
        if revoked_at is not None and grant is not None and grant.made_at < revoked_at:
            # It could not know better: what it took is that voucher, as if the key were good.
            case.code = code_book().encode(line.serial)
        elif revoked_at is not None:
            case.uncovered = "key_revoked"
        if not case.uncovered and self._newest is not None:
            self._newest.spent_fen += line.amount_fen
        journal.last_counter = max(journal.last_counter, line.counter)
        journal.last_use_at = max(filter(None, (journal.last_use_at, use_at)))
        journal.last_wall_at = line.wall_at
        return case

    def _uncovered(self, case: _Case) -> str:
        """Why the issuer does not stand up for a use; empty: it does."""
        line, grant, newest = case.line, case.grant, self._newest
        if grant is None or newest is None:
            return "no_grant"
        if not grant.made_at - SKEW <= line.said_at <= grant.ends_at + SKEW:
            return "outside_grant"
        if line.amount_fen > case.value_fen:
            return "above_value"
        if line.amount_fen > grant.use_fen_max:
            return "above_use_cap"
        if newest.spent_fen + line.amount_fen > newest.total_fen_max:
            return "above_total_cap"
        return ""

    def _follows(self, line: Line) -> bool:
        """Whether the line before it is known."""
        if line.counter == 1:
            return line.previous == beginning(self._device.pk)
        if any(case.hash.hex() == line.previous for case in self._cases):
            return True
        return OfflineUse.objects.filter(
            device=self._device, hash=bytes.fromhex(line.previous), counter=line.counter - 1
        ).exists()

    def _stands_beside(self, line: Line) -> bool:
        """Whether another line has its number: the journal was copied, and both went on."""
        if any(case.line.counter == line.counter for case in self._cases):
            return True
        return OfflineUse.objects.filter(device=self._device, counter=line.counter).exists()

    def _turned_away(self, digest: bytes, counter: int, kind: FaultKind) -> Judged:
        """What nobody can book: it is not this device's, or about no voucher."""
        self._fault(kind, counter)
        return Judged(digest.hex(), known=False, verdict=Verdict.REFUSED, reason=kind)

    def _fault(self, kind: FaultKind, counter: int) -> None:
        JournalFault.objects.get_or_create(
            device=self._device, kind=kind, counter=counter, defaults={"at": self._at}
        )

    def _keep(self, case: _Case, shift_id: int | None) -> None:
        outcome, loss = case.outcome, case.loss
        assert outcome is not None
        verdict = Verdict.BOOKED if outcome.done else Verdict.REFUSED
        reason = "" if outcome.done else outcome.code.name.lower()
        uncovered, loss_fen, place = case.uncovered, 0, outcome.place
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
        )
        for kind in case.faults:
            self._fault(kind, case.line.counter)
        if self._newest is not None:
            self._newest.save(update_fields=["spent_fen"])
        digest = case.hash.hex()
        self.kept[digest] = Judged(digest, known=True, verdict=verdict, reason=_why(kept))

    def _actor(self) -> Actor:
        terminal = self._device.terminal
        return Actor(
            kind=ActorKind.CLERK,
            id=f"terminal:{terminal.pk}",
            name=terminal.code,
            permissions=frozenset({REDEEM}),
            organisation_path=terminal.store.organisation.path,
        )

    def _visit(self, case: _Case) -> Visit:
        terminal = self._device.terminal
        return Visit(
            store_code=terminal.store.organisation.code,
            order_no=case.line.order_no,
            amount_fen=case.line.order_fen,
            terminal_code=terminal.code,
        )


def _said(code: str) -> tuple[SignedVoucher | None, datetime | None]:
    """What a signed code says; and since when its key is believed no more, if so."""
    said = read_signed_code(code)
    if isinstance(said, CodeFault):
        return read_revoked_code(code) or (None, None)
    return said, None


def _facts(actor: Actor, visits: list[tuple[Visit, datetime]]) -> list[Facts]:
    """The facts of the uses; an order's number that cannot be one is left out, not the use."""
    for index, (visit, when) in enumerate(visits):
        try:
            gather_many(actor, [(visit, when)])
        except KaquanError as error:
            if error.code != "value_invalid":
                raise
            plain = Visit(
                store_code=visit.store_code,
                amount_fen=visit.amount_fen,
                terminal_code=visit.terminal_code,
            )
            visits[index] = (plain, when)
    return gather_many(actor, visits)


def _book_losses(actor: Actor, lost: Sequence[tuple[_Case, Facts]]) -> None:
    """Owe the store what it gave; and a voucher that could still be used is used no more."""
    if not lost:
        return
    commands = [
        BookLoss(
            at=case.at,
            key=case.key,
            serial=case.line.serial,
            amount_fen=case.loss_fen,
            facts=facts,
            reason=_REASON,
        )
        for case, facts in lost
    ]
    good = (State.LIVE, State.ISSUED, *FROZEN)
    ending = []
    outcomes = _sure(submit(commands, actor=actor))
    for (case, _), outcome in zip(lost, outcomes, strict=True):
        case.loss = outcome
        if outcome.done and outcome.vouchers[0].state in good:
            ending.append(Void(at=case.at, key=case.key, serial=case.line.serial, reason=_REASON))
    if ending:
        _sure(submit(ending, actor=actor))


def _sure(outcomes: list[Outcome]) -> list[Outcome]:
    if any(outcome.code in _UNSURE for outcome in outcomes):
        raise books_out_of_reach()
    return outcomes


def _why(use: OfflineUse) -> str:
    return use.uncovered or use.reason
