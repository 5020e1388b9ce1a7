"""Commands about one voucher, for those who look after vouchers; only lists of commands hold
them."""

from __future__ import annotations

from kaquan.engine import commands as c
from kaquan.surfaces.gateway import answers
from kaquan.surfaces.gateway import messages as m
from kaquan.surfaces.gateway.preparing import Gathering, Preparation, Prepared


def top_up(p: Preparation, asked: m.TopUpCommand, key: str, link: int) -> Prepared:
    """Put paid money onto a prepaid card."""
    gathering = Gathering()
    found = gathering.ask(p.own_presented, asked.code)
    told = gathering.ask(p.facts, asked, needs_store=p.is_of_stores)
    gathering.check()
    facts, refusal = told
    command = c.TopUp(
        serial=found.serial,
        hand=found.hand,
        amount_fen=asked.amount_fen,
        payment_no=asked.payment_no,
        facts=facts,
        **p.common(key, link),
    )
    return Prepared(command, answers.done_answer, refusal)


def transfer(p: Preparation, asked: m.TransferCommand, key: str, link: int) -> Prepared:
    """Pass a voucher on to another customer."""
    gathering = Gathering()
    serial = gathering.ask(p.own_voucher, asked.code)
    from_id = gathering.ask(p.customer_id, asked.from_customer)
    to_id = gathering.ask(p.customer_id, asked.to_customer)
    gathering.check()
    command = c.Transfer(
        serial=serial, from_customer_id=from_id, to_customer_id=to_id, **p.common(key, link)
    )
    return Prepared(command, answers.passed_on_answer)


def extend(p: Preparation, asked: m.ExtendCommand, key: str, link: int) -> Prepared:
    """Let a voucher live longer."""
    command = c.Extend(
        serial=p.own_voucher(asked.code),
        valid_until=asked.valid_until,
        reason=asked.reason,
        **p.common(key, link),
    )
    return Prepared(command, answers.done_answer)


def freeze(p: Preparation, asked: m.FreezeCommand, key: str, link: int) -> Prepared:
    """Stop a voucher for the time being."""
    serial = p.own_voucher(asked.code)
    command = c.Freeze(serial=serial, reason=asked.reason, **p.common(key, link))
    return Prepared(command, answers.done_answer)


def unfreeze(p: Preparation, asked: m.UnfreezeCommand, key: str, link: int) -> Prepared:
    """Let a frozen voucher go on."""
    serial = p.own_voucher(asked.code)
    command = c.Unfreeze(serial=serial, reason=asked.reason, **p.common(key, link))
    return Prepared(command, answers.done_answer)


def void(p: Preparation, asked: m.VoidCommand, key: str, link: int) -> Prepared:
    """End a voucher for good."""
    serial = p.own_voucher(asked.code)
    command = c.Void(serial=serial, reason=asked.reason, **p.common(key, link))
    return Prepared(command, answers.done_answer)


def expire(p: Preparation, asked: m.ExpireCommand, key: str, link: int) -> Prepared:
    """Book that a voucher's time is over."""
    command = c.Expire(serial=p.own_voucher(asked.code), **p.common(key, link))
    return Prepared(command, answers.done_answer)


def adjust(p: Preparation, asked: m.AdjustCommand, key: str, link: int) -> Prepared:
    """Correct a balance or the uses left."""
    command = c.Adjust(
        serial=p.own_voucher(asked.code),
        balance_fen=asked.balance_fen,
        uses=asked.uses,
        reason=asked.reason,
        **p.common(key, link),
    )
    return Prepared(command, answers.done_answer)
