"""What the ledger tells about one voucher, to those who may know."""

from __future__ import annotations

from msgspec import Struct

from kaquan.engine.facts import Facts
from kaquan.engine.outcomes import Outcome
from kaquan.engine.places import Place
from kaquan.foundation.actor import Actor, require
from kaquan.ledger.trace import Standing, TraceStep, record_at, standing_of, trace_voucher
from kaquan.redemption.codes import ledger_session, read_code

TRACE = "voucher.trace"


class VoucherTrace(Struct, frozen=True):
    """All that happened to a voucher, oldest first; ``standing`` None: no such voucher was minted."""

    serial: int
    standing: Standing | None
    steps: list[TraceStep]


def voucher_trace(*, actor: Actor, code: str) -> VoucherTrace | Outcome:
    """The life of the voucher behind a code, or the refusal that the text deserves."""
    require(actor, TRACE)
    serial = read_code(code)
    if isinstance(serial, Outcome):
        return serial
    session = ledger_session()
    return VoucherTrace(serial, standing_of(session, serial), trace_voucher(session, serial))


def lies_within(actor: Actor, place: Place) -> bool:
    """Whether a redemption or hold happened in the actor's part of the organisation."""
    if not actor.organisation_path:
        return True
    found = record_at(ledger_session(), place)
    facts: Facts | None = getattr(found[1].command, "facts", None) if found else None
    if facts is None:
        return False
    path = "".join(f"{organisation_id}." for organisation_id in facts.store_path)
    return path.startswith(actor.organisation_path)
