"""The first check of all: whether a command's fields can mean anything.

Each function names the first field that cannot, or None. Types are right already (the command was
decoded); what is judged here is size, sign, time zone and whether text is text, so that nothing
after it can overflow, fail in a column of the database or on its way into a block, or be ambiguous.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from kaquan.engine import commands as c
from kaquan.engine.custody import ACTS, WITNESSED
from kaquan.engine.entries import OPERATION_NUMBER
from kaquan.engine.facts import Facts, Order
from kaquan.engine.money import MAX_FEN
from kaquan.engine.places import Place
from kaquan.engine.rules.reading import TERMS_BYTES_MAX
from kaquan.engine.shards import SERIAL_END

ID_MAX = 2**63 - 1  # customers, stores, persons: bigint
SHORT_ID_MAX = 2**31 - 1  # batches, budgets, organisations, offer versions: int
QUANTITY_MAX = 10**9
LINES_MAX = 1_000
USES_MAX = 10_000
TEXT_MAX = 1_000
NAME_MAX = 200
STORE_PATH_MAX = 32
TAGS_MAX = 5_000
CATEGORIES_MAX = 100
KEY_MAX = 255
VOUCHERS_NAMED_MAX = 100  # more than may be used together, so that the refusal can say how many may

Fault = Callable[[Any], str | None]


def no_moment(at: datetime) -> bool:
    """Whether a time is naive, or so far away that a zone's offset or a duration could overflow."""
    return at.tzinfo is None or not 2000 <= at.year < 2200


def no_text(text: str, longest: int) -> bool:
    """Whether a text is too long, or holds half a character (a lone surrogate) and has no UTF-8."""
    if text.isascii():
        return len(text) > longest
    if len(text) > longest:
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def no_reason(reason: str) -> bool:
    """Whether a reason that is required says nothing, or far too much."""
    return no_text(reason, TEXT_MAX) or not reason.strip()


def facts_fault(facts: Facts) -> str | None:
    """The first part of the facts that cannot mean anything."""
    path, tags, channel, kind = facts.store_path, facts.tags, facts.channel, facts.terminal_kind
    if (
        not 0 <= facts.store_id <= ID_MAX
        or not (0 <= facts.customer_id <= ID_MAX and 0 <= facts.person_id <= ID_MAX)
        or not 0 <= facts.terminal_id <= ID_MAX
        or (path and (len(path) > STORE_PATH_MAX or min(path) < 0 or max(path) > ID_MAX))
        # As with the names of lines: a call for each costs more than what it finds out.
        or ((len(channel) > NAME_MAX or not channel.isascii()) and no_text(channel, NAME_MAX))
        or ((len(kind) > NAME_MAX or not kind.isascii()) and no_text(kind, NAME_MAX))
        or (tags and (len(tags) > TAGS_MAX or any(no_text(tag, NAME_MAX) for tag in tags)))
    ):
        return "facts"
    return None if facts.order is None else order_fault(facts.order)


def order_fault(order: Order) -> str | None:
    """The first part of an order that cannot mean anything; each line has a name of its own."""
    lines = order.lines
    if no_text(order.order_no, NAME_MAX):
        return "facts.order.order_no"
    if len(lines) > LINES_MAX:
        return "facts.order.lines"
    total = 0
    for line in lines:
        amount_fen, names, line_id, sku = line.amount_fen, line.categories, line.line_id, line.sku
        if (
            not 0 < line.quantity <= QUANTITY_MAX
            or not 0 <= line.discount_fen <= amount_fen <= MAX_FEN
            # Nearly every name is short and ASCII: a call for each of them costs more than this.
            or ((len(line_id) > NAME_MAX or not line_id.isascii()) and no_text(line_id, NAME_MAX))
            or ((len(sku) > NAME_MAX or not sku.isascii()) and no_text(sku, NAME_MAX))
            or (names and len(names) > CATEGORIES_MAX)
            or (names and any([no_text(name, NAME_MAX) for name in names]))  # noqa: C419  # faster
        ):
            return "facts.order.lines"
        total += amount_fen
    if total > MAX_FEN:
        return "facts.order.lines"
    if len(lines) > 1 and len({line.line_id for line in lines}) < len(lines):
        return "facts.order.lines.line_id"
    return None


def _is_id(number: int) -> bool:
    return 0 < number <= SHORT_ID_MAX


def _is_place(place: Place) -> bool:
    return 0 <= place.block <= ID_MAX and 0 <= place.index <= SHORT_ID_MAX


def _is_serial(serial: int) -> bool:
    return 0 <= serial < SERIAL_END


def _may_be_serial(serial: int) -> bool:
    """Whether a number can name a voucher, if perhaps one that there is not."""
    return 0 <= serial <= ID_MAX


def _open_budget(command: c.OpenBudget) -> str | None:
    if not _is_id(command.budget_id):
        return "budget_id"
    return None if 0 <= command.total_fen <= MAX_FEN else "total_fen"


def _change_budget(command: c.ChangeBudget) -> str | None:
    if not _is_id(command.budget_id):
        return "budget_id"
    if not 0 <= command.expected_fen <= MAX_FEN:
        return "expected_fen"
    return None if 0 <= command.total_fen <= MAX_FEN else "total_fen"


def _define_batch(command: c.DefineBatch) -> str | None:
    if not _is_id(command.batch_id):
        return "batch_id"
    if not 0 <= command.offer_version_id <= SHORT_ID_MAX:
        return "offer_version_id"
    if len(command.terms) > TERMS_BYTES_MAX:
        return "terms"
    return None if 0 <= command.budget_id <= SHORT_ID_MAX else "budget_id"


def _revise_terms(command: c.ReviseTerms) -> str | None:
    if not _is_id(command.batch_id):
        return "batch_id"
    if len(command.terms) > TERMS_BYTES_MAX:
        return "terms"
    if not 0 <= command.expected_version <= SHORT_ID_MAX:
        return "expected_version"
    if not 0 <= command.offer_version_id <= SHORT_ID_MAX:
        return "offer_version_id"
    return "reason" if no_text(command.reason, TEXT_MAX) else None


def _mint(command: c.Mint) -> str | None:
    if not _is_id(command.batch_id):
        return "batch_id"
    return None if 0 < command.quantity <= QUANTITY_MAX else "quantity"


def _set_batch_state(command: c.SetBatchState) -> str | None:
    if not _is_id(command.batch_id):
        return "batch_id"
    if command.state not in ("running", "paused", "stopped"):
        return "state"
    return "reason" if no_text(command.reason, TEXT_MAX) else None


def _activate(command: c.Activate | c.Allot | c.MovePieces) -> str | None:
    if not _is_id(command.batch_id):
        return "batch_id"
    if not _is_serial(command.first_serial):
        return "first_serial"
    return None if 0 < command.quantity <= QUANTITY_MAX else "quantity"


def _allot(command: c.Allot) -> str | None:
    if not _is_id(command.batch_id):
        return "batch_id"
    if not 0 <= command.organisation_id <= SHORT_ID_MAX:
        return "organisation_id"
    if not 0 <= command.from_organisation_id <= SHORT_ID_MAX:
        return "from_organisation_id"
    if command.organisation_id == command.from_organisation_id:
        return "organisation_id"
    return _activate(command)


def _move_pieces(command: c.MovePieces) -> str | None:
    if (fault := _activate(command)) is not None:
        return fault
    act = ACTS.get(command.act)
    if act is None:
        return "act"
    if not _is_id(command.organisation_id):
        return "organisation_id"
    target = command.to_organisation_id
    if not 0 <= target <= SHORT_ID_MAX or (target and not act.moves):
        return "to_organisation_id"
    if command.hand_out_first and command.act != "print":
        return "hand_out_first"
    seen = command.witness
    if no_text(seen, NAME_MAX) or (command.act in WITNESSED and seen in ("", command.actor)):
        return "witness"
    return "reason" if no_text(command.reason, TEXT_MAX) else None


def _issue(command: c.Issue) -> str | None:
    if not _is_id(command.batch_id):
        return "batch_id"
    if command.serial is not None and not _may_be_serial(command.serial):
        return "serial"
    return facts_fault(command.facts)


def _sell(command: c.Sell) -> str | None:
    if not 0 <= command.paid_fen <= MAX_FEN:
        return "paid_fen"
    if no_text(command.payment_no, NAME_MAX):
        return "payment_no"
    if command.face_fen is not None and not 0 < command.face_fen <= MAX_FEN:
        return "face_fen"
    return _issue(command)


def _top_up(command: c.TopUp) -> str | None:
    if not _may_be_serial(command.serial):
        return "serial"
    if not 0 < command.amount_fen <= MAX_FEN:
        return "amount_fen"
    if no_text(command.payment_no, NAME_MAX):
        return "payment_no"
    return facts_fault(command.facts)


def vouchers_fault(vouchers: tuple[c.VoucherUse, ...]) -> str | None:
    """The first part of the uses that cannot mean anything; a serial stands there once."""
    if len(vouchers) > VOUCHERS_NAMED_MAX:
        return "vouchers"
    for use in vouchers:
        if not 0 <= use.serial <= ID_MAX:
            return "vouchers.serial"
        if use.amount_fen is not None and not 0 < use.amount_fen <= MAX_FEN:
            return "vouchers.amount_fen"
        if not 0 < use.uses <= USES_MAX:
            return "vouchers.uses"
    if len(vouchers) > 1 and len({use.serial for use in vouchers}) < len(vouchers):
        return "vouchers.serial"
    return None


def _redeem(command: c.Redeem) -> str | None:
    if command.hold is not None:
        if not _is_place(command.hold):
            return "hold"
    elif not command.vouchers:
        return "vouchers"
    return vouchers_fault(command.vouchers) or facts_fault(command.facts)


def _hold(command: c.Hold) -> str | None:
    if not command.vouchers:
        return "vouchers"
    if no_moment(command.expires_at):
        return "expires_at"
    return vouchers_fault(command.vouchers) or facts_fault(command.facts)


def _release(command: c.Release) -> str | None:
    return None if _is_place(command.hold) else "hold"


def _reverse(command: c.Reverse) -> str | None:
    if not _is_place(command.redemption):
        return "redemption"
    if command.serial is not None and not _may_be_serial(command.serial):
        return "serial"
    if command.amount_fen is not None and not 0 < command.amount_fen <= MAX_FEN:
        return "amount_fen"
    lines = command.lines
    if len(lines) > LINES_MAX or (lines and command.amount_fen is not None):
        return "lines"
    if any(not 0 < line.quantity <= QUANTITY_MAX for line in lines):
        return "lines.quantity"
    if any(no_text(line.line_id, NAME_MAX) for line in lines):
        return "lines.line_id"
    if len({line.line_id for line in lines}) < len(lines):
        return "lines.line_id"
    return "reason" if no_text(command.reason, TEXT_MAX) else None


def _transfer(command: c.Transfer) -> str | None:
    if not _may_be_serial(command.serial):
        return "serial"
    if not 0 < command.from_customer_id <= ID_MAX:
        return "from_customer_id"
    to = command.to_customer_id
    if not 0 < to <= ID_MAX or to == command.from_customer_id:
        return "to_customer_id"
    return "reason" if no_text(command.reason, TEXT_MAX) else None


def _extend(command: c.Extend) -> str | None:
    if not _may_be_serial(command.serial):
        return "serial"
    if no_moment(command.valid_until):
        return "valid_until"
    return "reason" if no_text(command.reason, TEXT_MAX) else None


def _with_reason(command: c.Freeze | c.Void | c.BookLoss) -> str | None:
    if not _may_be_serial(command.serial):
        return "serial"
    return "reason" if no_reason(command.reason) else None


def _void(command: c.Void) -> str | None:
    if not 0 <= (command.fresh_for or 0) <= ID_MAX:
        return "fresh_for"
    return _with_reason(command)


def _unfreeze(command: c.Unfreeze) -> str | None:
    if not _may_be_serial(command.serial):
        return "serial"
    return "reason" if no_text(command.reason, TEXT_MAX) else None


def _expire(command: c.Expire) -> str | None:
    return None if _may_be_serial(command.serial) else "serial"


def _adjust(command: c.Adjust) -> str | None:
    if not _may_be_serial(command.serial):
        return "serial"
    if not -MAX_FEN <= command.balance_fen <= MAX_FEN:
        return "balance_fen"
    if not -USES_MAX <= command.uses <= USES_MAX:
        return "uses"
    if (command.balance_fen == 0) == (command.uses == 0):
        return "balance_fen"
    return "reason" if no_reason(command.reason) else None


def _book_loss(command: c.BookLoss) -> str | None:
    if not 0 < command.amount_fen <= MAX_FEN:
        return "amount_fen"
    if not command.facts.store_id:
        return "facts.store_id"
    return _with_reason(command) or facts_fault(command.facts)


FAULTS: dict[type[c.Command], Fault] = {
    c.OpenBudget: _open_budget,
    c.ChangeBudget: _change_budget,
    c.DefineBatch: _define_batch,
    c.Mint: _mint,
    c.SetBatchState: _set_batch_state,
    c.Activate: _activate,
    c.Allot: _allot,
    c.Claim: _issue,
    c.Assign: _issue,
    c.Sell: _sell,
    c.TopUp: _top_up,
    c.Redeem: _redeem,
    c.Hold: _hold,
    c.Release: _release,
    c.Reverse: _reverse,
    c.Transfer: _transfer,
    c.Extend: _extend,
    c.Freeze: _with_reason,
    c.Unfreeze: _unfreeze,
    c.Void: _void,
    c.Expire: _expire,
    c.Adjust: _adjust,
    c.MovePieces: _move_pieces,
    c.ReviseTerms: _revise_terms,
    c.BookLoss: _book_loss,
}

assert {one.operation for one in FAULTS} == set(OPERATION_NUMBER)


def field_fault(command: c.AnyCommand) -> str | None:
    """The first field of a command that cannot mean anything, or None."""
    if no_moment(command.at):
        return "at"
    if not 0 <= command.link <= ID_MAX:
        return "link"
    key, actor = command.key, command.actor
    if key is not None and (not 0 <= key.client_id <= ID_MAX or no_text(key.key, KEY_MAX)):
        return "key"
    if actor and no_text(actor, NAME_MAX):
        return "actor"
    return FAULTS[type(command)](command)
