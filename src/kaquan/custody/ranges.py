"""Ranges as people scan them, and the runs of the books that lie in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kaquan.custody.errors import range_in_several_hands, range_invalid
from kaquan.engine.custody import Piece, Span
from kaquan.engine.outcomes import Outcome
from kaquan.engine.rows import Custody
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation.actor import Actor
from kaquan.foundation.imports_cells import FULL_WIDTH
from kaquan.foundation.refusals import RefusedError
from kaquan.ledger.paper import RUNS_MAX, runs_within
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import batches_of
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import within
from kaquan.redemption.codes import read_code

QUANTITY_MAX = 1_000_000
_SERIAL = re.compile(r"[0-9]{1,12}")

Parts = list[list[int]]


def read_serial(typed: str) -> int:
    """The serial that somebody typed or whose code they scanned; raises what a text deserves that
    is neither."""
    text = typed.translate(FULL_WIDTH).strip()
    if _SERIAL.fullmatch(text) and int(text) < SERIAL_END:
        return int(text)
    found = read_code(typed)
    if isinstance(found, Outcome):
        raise RefusedError(found)
    return found


def read_range(first: str, last: str = "") -> tuple[int, Span]:
    """The batch and the serials from the first to the last, both scanned or typed; one alone where
    there is no last. Raises `custody_range_invalid`."""
    begin = read_serial(first)
    end = read_serial(last) if last.strip() else begin
    batches = batches_of(reading_session(), [begin, end])
    if begin > end or begin not in batches or batches.get(end) != batches[begin]:
        raise range_invalid(QUANTITY_MAX)
    if end - begin >= QUANTITY_MAX:
        raise range_invalid(QUANTITY_MAX)
    return batches[begin], Span(begin, end + 1)


def held_runs(actor: Actor, batch_id: int, span: Span) -> tuple[Organisation, list[Custody]]:
    """The runs that a range consists of, cut to it, and who has all of them; raises
    `custody_range_scattered` where that is not one organisation of the actor's part."""
    runs = cut_runs(batch_id, span)
    holders = {run.organisation_id for run in runs if run.piece is not Piece.UNTRACKED}
    if sum(run.quantity for run in runs) != span.quantity or len(holders) != 1:
        raise range_in_several_hands()
    if any(run.piece is Piece.UNTRACKED for run in runs):
        raise range_in_several_hands()
    holder = within(actor, Organisation.objects.filter(id=holders.pop()), "").first()
    if holder is None:
        raise range_in_several_hands()
    return holder, runs


def cut_runs(batch_id: int, span: Span) -> list[Custody]:
    """The runs of the books that a range touches, cut to it; too many are refused."""
    found = runs_within(reading_session(), batch_id, span.first, span.end)
    if len(found) >= RUNS_MAX:
        raise range_in_several_hands()
    for run in found:
        first, end = run.first_serial, run.first_serial + run.quantity
        run.first_serial = max(first, span.first)
        run.quantity = min(end, span.end) - run.first_serial
    return found


def alike(runs: Sequence[Custody]) -> list[tuple[Custody, Span]]:
    """Neighbouring runs in the same state as one, each with a run that stands for it."""
    found: list[tuple[Custody, Span]] = []
    for run in runs:
        end = run.first_serial + run.quantity
        if found:
            one, span = found[-1]
            if (run.piece, run.active, run.first_serial) == (one.piece, one.active, span.end):
                found[-1] = (one, Span(span.first, end))
                continue
        found.append((run, Span(run.first_serial, end)))
    return found


def as_parts(spans: Iterable[Span]) -> Parts:
    """Spans as notes and cases keep them."""
    return [[span.first, span.quantity] for span in spans]


def as_spans(parts: Parts) -> list[Span]:
    """What a note or a case kept."""
    return [Span(first, first + quantity) for first, quantity in parts]
