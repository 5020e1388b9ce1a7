"""What the ledger tells about one voucher, to those who may know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from msgspec import Struct

from kaquan.campaigns.queries import own_batch_ids
from kaquan.engine.codes import Presented
from kaquan.engine.commands import AnyCommand, Redeem, Release, Reverse
from kaquan.engine.facts import Facts, OrderLine
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.places import Place
from kaquan.foundation.actor import Actor, require
from kaquan.ledger.trace import Standing, TraceStep, record_at, standing_of, trace_voucher
from kaquan.ledger.voucher_pages import voucher_rows
from kaquan.redemption.codes import ledger_session, read_code
from kaquan.redemption.models import OrderLine as StoredLine

TRACE = "voucher.trace"


class VoucherTrace(Struct, frozen=True):
    """All that happened to a voucher, oldest first."""

    serial: int
    standing: Standing
    steps: list[TraceStep]


def voucher_trace(*, actor: Actor, code: str) -> VoucherTrace | Outcome:
    """The life of the voucher behind a code, or the refusal that the text deserves.

    Of a voucher of someone else's batch, what happened in the actor's own part; where nothing did,
    it is answered as if there were none.
    """
    require(actor, TRACE)
    serial = read_code(code)
    return serial if isinstance(serial, Outcome) else trace_of_serial(actor=actor, serial=serial)


def trace_of_serial(*, actor: Actor, serial: int) -> VoucherTrace | Outcome:
    """The same for a voucher that a list names by its serial.

    In a batch from stock there is a voucher only once it was handed out.
    """
    require(actor, TRACE)
    session = ledger_session()
    standing, steps = standing_of(session, serial), trace_voucher(session, serial)
    if standing is None or not (steps or standing.by_code):
        return Outcome(OutcomeCode.VOUCHER_UNKNOWN)
    if actor.organisation_path and not own_batch_ids(actor, [standing.batch_id]):
        steps = [step for step in steps if _happened_within(actor, step.command)]
        if not steps:
            return Outcome(OutcomeCode.VOUCHER_UNKNOWN)
    return VoucherTrace(serial, standing, steps)


def is_passed_on(shown: Presented) -> bool:
    """Whether a code is over because its voucher was passed on since."""
    row = voucher_rows(ledger_session(), [shown.serial]).get(shown.serial)
    return row is not None and shown.hand is not None and shown.hand != row.hand


def lies_within(actor: Actor, place: Place) -> bool:
    """Whether a redemption or hold happened in the actor's part of the organisation."""
    if not actor.organisation_path:
        return True
    found = record_at(ledger_session(), place)
    return found is not None and _happened_within(actor, found[1].command)


def _happened_within(actor: Actor, command: AnyCommand) -> bool:
    """Whether a command was given in the actor's part of the organisation.

    What settles a hold or undoes a use happened where that did.
    """
    match command:
        case Redeem(hold=Place() as place) | Reverse(redemption=place) | Release(hold=place):
            return lies_within(actor, place)
    facts: Facts | None = getattr(command, "facts", None)
    if facts is None:
        return False
    path = "".join(f"{organisation_id}." for organisation_id in facts.store_path)
    return path.startswith(actor.organisation_path)


def terminal_of(command: AnyCommand) -> int:
    """The registered terminal that asked for something, by its id; 0: none was named."""
    facts: Facts | None = getattr(command, "facts", None)
    return facts.terminal_id if facts else int(getattr(command, "terminal_id", 0))


OrderKey = tuple[str, int]
"""An order's number and its store's id."""


def order_lines(keys: Collection[OrderKey]) -> dict[OrderKey, tuple[OrderLine, ...]]:
    """The lines of orders as a command wants them, unknown orders left out.

    Not scoped: whoever may use a voucher on an order names its store, and that is checked.
    Tills book some lines without a quantity; they count as one unit.
    """
    rows = StoredLine.objects.filter(
        order_no__in={order_no for order_no, _ in keys},
        store_id__in={store_id for _, store_id in keys},
    )
    found: dict[OrderKey, list[OrderLine]] = defaultdict(list)
    for row in rows.order_by("order_no", "store_id", "line_no"):
        line = OrderLine(
            line_id=str(row.line_no),
            sku=row.sku,
            quantity=max(1, row.quantity),
            amount_fen=row.amount_fen,
            discount_fen=row.discount_fen,
        )
        found[row.order_no, row.store_id].append(line)
    return {key: tuple(lines) for key, lines in found.items()}
