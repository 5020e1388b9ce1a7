"""The vouchers of a command: birth, one step of version, entries, a result with the after-image."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from kaquan.engine.commands import AnyCommand
from kaquan.engine.decide.kinds import Kind, kind_of
from kaquan.engine.entries import Account, Unit
from kaquan.engine.lifecycle import ENDED, FROZEN, State, refusal_of
from kaquan.engine.outcomes import Data, Outcome, OutcomeCode, Refusal, VoucherResult
from kaquan.engine.places import Place
from kaquan.engine.rows import Batch, Voucher
from kaquan.engine.rules.benefits import Benefit
from kaquan.engine.rules.opening import Window
from kaquan.engine.rules.terms import CountCard
from kaquan.engine.world import World

Side = tuple[Account, int]
Funding = tuple[tuple[int, int], ...]

NO_BENEFIT_YET = Benefit(0, (), 0, 0, 0)

CODE_PASSED_ON = Refusal(OutcomeCode.CODE_PASSED_ON)
VOUCHER_UNKNOWN = Refusal(OutcomeCode.VOUCHER_UNKNOWN)
VOUCHER_NOT_YOURS = Refusal(OutcomeCode.VOUCHER_NOT_YOURS)
VOUCHER_HELD = Refusal(OutcomeCode.VOUCHER_HELD)
VOUCHER_NOT_ISSUED = Refusal(OutcomeCode.VOUCHER_NOT_ISSUED)
BATCH_PAUSED = Refusal(OutcomeCode.BATCH_PAUSED)
BATCH_STOPPED = Refusal(OutcomeCode.BATCH_STOPPED)
COMMAND_NOT_FOR_KIND = Refusal(OutcomeCode.COMMAND_NOT_FOR_KIND)


def malformed(field: str) -> Refusal:
    """The refusal of a command whose ``field`` cannot mean anything."""
    return Refusal(OutcomeCode.MALFORMED_COMMAND, {"field": field})


def done(world: World, *vouchers: VoucherResult, data: Data | None = None) -> Outcome:
    """The answer of a command that happened."""
    return Outcome(OutcomeCode.DONE, data or {}, world.place, vouchers, tuple(world.limit_changes))


def issued(voucher: Voucher) -> bool:
    """Whether it is in somebody's hands: a customer's, or a bearer's who bought it.

    A voucher that nobody holds by name gets its ``valid_from`` when it is sold, and only then.
    """
    return voucher.customer_id > 0 or voucher.valid_from is not None


def is_of_another_hand(hand: int | None, voucher: Voucher) -> bool:
    """Whether the code that named a voucher was made for a hand that it is in no more."""
    return hand is not None and hand != voucher.hand


def window_of(voucher: Voucher, batch: Batch) -> Window | None:
    """When a voucher is good; None where that starts with a claim and there was none."""
    start, end = voucher.valid_from, voucher.valid_until
    window = batch.rules.unclaimed_window
    if window is None:
        return None if start is None or end is None else (start, end)
    if start is None and end is None:
        return window
    # What a voucher got of its own was no worse than its batch's; better terms may be better yet.
    return (
        window[0] if start is None else min(start, window[0]),
        window[1] if end is None else max(end, window[1]),
    )


def time_refusal(voucher: Voucher, batch: Batch, at: datetime) -> Refusal | None:
    """Why a voucher is not good at ``at`` as far as its first and last moment go."""
    window = window_of(voucher, batch)
    if window is None:
        return VOUCHER_NOT_ISSUED
    if at >= window[1]:
        return Refusal(OutcomeCode.VOUCHER_EXPIRED, {"valid_until": local_time(window[1], batch)})
    if at < window[0]:
        data: Data = {"valid_from": local_time(window[0], batch)}
        return Refusal(OutcomeCode.VOUCHER_NOT_YET_VALID, data)
    return None


def local_time(at: datetime, batch: Batch) -> str:
    """A moment on the issuer's wall clock, as text."""
    zone = ZoneInfo(batch.rules.terms.validity.time_zone)
    return at.astimezone(zone).isoformat(timespec="minutes")


def is_over(voucher: Voucher, batch: Batch, at: datetime) -> bool:
    """Whether a voucher's time is over, booked or not."""
    window = window_of(voucher, batch)
    return window is not None and at >= window[1]


def state_refusal(
    voucher: Voucher, batch: Batch, operation: str, at: datetime, *, before_start: bool = False
) -> Refusal | None:
    """Why the voucher's state or time forbids an operation, lowest code first.

    A voucher whose time is over is expired before anybody books that. ``before_start``: whether it
    may happen before the first moment of its validity.
    """
    code = refusal_of(voucher.state, operation)
    if code is OutcomeCode.VOUCHER_NOT_ACTIVATED and voucher.withheld is not None:
        code = voucher.withheld
    if code is not None and code < OutcomeCode.VOUCHER_EXPIRED:
        return Refusal(code)
    window = window_of(voucher, batch)
    if code is None and window is not None and window[0] <= at < window[1]:
        return None
    late = time_refusal(voucher, batch, at)
    if late is not None and late.code is OutcomeCode.VOUCHER_EXPIRED:
        return late
    if late is not None and not before_start:
        return late
    return None if code is None else Refusal(code)


class Change(Struct, gc=False):
    """One voucher while a command changes it: one step of its version, its entries, its result."""

    world: World
    command: AnyCommand
    voucher: Voucher
    batch: Batch
    kind: Kind
    before: Place | None
    version: int

    def enter(
        self,
        unit: Unit,
        amount: int,
        debit: Side,
        credit: Side,
        *,
        funder_id: int = 0,
        reverses: Place | None = None,
    ) -> None:
        """Write one entry about this voucher; nothing for an amount of zero."""
        if amount:
            voucher = self.voucher
            self.world.enter(
                self.command,
                unit,
                amount,
                debit,
                credit,
                voucher.serial,
                self.version,
                voucher.batch_id,
                funder_id,
                reverses,
            )

    def set_state(self, state: State) -> None:
        """Give the voucher another state and move its piece to where that state keeps it."""
        source = home_of_piece(self.voucher)
        self.voucher.state = state
        self.move_piece(source)

    def move_piece(self, source: Side, reverses: Place | None = None) -> None:
        """Book that the piece went from ``source`` to where it belongs now; nothing if it stays."""
        home = home_of_piece(self.voucher)
        if source != home:
            self.enter(Unit.PIECE, 1, source, home, reverses=reverses)

    def result(
        self,
        *,
        benefit: Benefit = NO_BENEFIT_YET,
        funding: Funding = (),
        set_aside_fen: int = 0,
        released_fen: int = 0,
        units_returned: tuple[int, ...] = (),
    ) -> VoucherResult:
        """What the command did to the voucher, with the voucher's state after it."""
        voucher = self.voucher
        assert voucher.balance_fen >= 0 <= voucher.uses_left, voucher
        assert voucher.committed_fen >= 0 <= voucher.holds, voucher
        return VoucherResult(
            voucher.serial,
            voucher.batch_id,
            voucher.version,
            voucher.state,
            benefit.discount_fen,
            benefit.allocation,
            funding,
            benefit.balance_used_fen,
            benefit.uses_used,
            voucher.customer_id,
            voucher.balance_fen,
            voucher.uses_left,
            voucher.committed_fen,
            voucher.holds,
            voucher.valid_from,
            voucher.valid_until,
            self.before,
            set_aside_fen,
            released_fen,
            units_returned,
            voucher.hand,
        )


def begin_change(
    world: World, command: AnyCommand, voucher: Voucher, batch: Batch, place: Place
) -> Change:
    """One step of a voucher's version; its first fills it with what its kind opens with."""
    serial, version, kind = voucher.serial, voucher.version + 1, kind_of(batch.rules)
    change = Change(world, command, voucher, batch, kind, voucher.last, version)
    world.touch("vouchers", serial)
    voucher.version = version
    voucher.last = place
    if version == 1:
        voucher.balance_fen, voucher.uses_left = kind.opening_balance_fen, kind.opening_uses
        if kind.is_count:
            uses = (Account.USES, serial)
            change.enter(Unit.USE, kind.opening_uses, (Account.OUTSIDE, 0), uses)
    return change


def home_of_piece(voucher: Voucher) -> Side:
    """The account that holds a voucher's piece in its state; a used one stays where it was used."""
    state = voucher.state
    if state in FROZEN:
        return Account.FROZEN, voucher.batch_id
    if state in ENDED:
        return Account.ENDED, voucher.batch_id
    if issued(voucher):
        return Account.HOLDER, voucher.customer_id
    return Account.STOCK, voucher.batch_id


def may_cost(voucher: Voucher | None, kind: Kind) -> int:
    """What is set aside for a voucher in somebody's hands: the most that is left on it may cost."""
    if not kind.commits_fen or voucher is None or voucher.version == 0:
        return kind.commits_fen
    if kind.is_partial:
        return voucher.balance_fen
    benefit = kind.terms.benefit
    if isinstance(benefit, CountCard):
        return voucher.uses_left * benefit.value_per_use_fen
    return kind.commits_fen


def is_spent(voucher: Voucher, kind: Kind) -> bool:
    """Whether nothing is left on a voucher, held parts included."""
    if voucher.holds:
        return False
    if kind.has_balance:
        # A card that can be loaded again is never used up.
        return voucher.balance_fen == 0 and not kind.is_reloadable
    return voucher.uses_left == 0
