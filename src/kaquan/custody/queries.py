"""Paper as people see it: what lies where on which day, ranges, movements, notes and cases.

Each within the actor's part of the tree: pieces of an organisation of it, and notes to or from one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet

from kaquan.campaigns.models import CampaignBatch
from kaquan.custody.errors import case_unknown, note_unknown, piece_unknown
from kaquan.custody.models import CaseState, NoteState, PaperCase, TransferNote
from kaquan.custody.permissions import VIEW
from kaquan.engine.custody import Piece
from kaquan.engine.rows import Custody
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.paging import Page, Paging, cursor_of, keys_in, page_of
from kaquan.ledger.custody_pages import run_at
from kaquan.ledger.paper import (
    MOVES_MAX,
    ROWS_MAX,
    Movement,
    Stock,
    movements,
    paper_runs,
    stock_at,
)
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.models import Organisation
from kaquan.organisations.queries import within

RUNS_SHOWN = 500
MOVES_SHOWN = 200
_ORDERS = {"newest": "-id"}


class Place(NamedTuple):
    """An organisation as stock lists name it; ``path`` of ids from the root down."""

    id: int
    name: str
    code: str
    path: str


class StockLine(NamedTuple):
    """So many pieces of a batch in one state at one place, ``depth`` levels below the highest place
    of the answer."""

    place: Place
    depth: int
    batch_id: int
    batch_name: str
    piece: Piece
    quantity: int


class RunSeen(NamedTuple):
    """A run of paper, and who has it."""

    run: Custody
    holder: str


class MoveSeen(NamedTuple):
    """A movement with the names of both sides."""

    move: Movement
    source: str
    target: str


class PieceSeen(NamedTuple):
    """One voucher's paper: where it is, and its whole way, the latest first."""

    serial: int
    batch_id: int
    batch_name: str
    run: Custody
    holder: str
    way: Sequence[MoveSeen]


def stock(
    actor: Actor,
    *,
    before: datetime | None = None,
    under: Organisation | None = None,
    batch_id: int | None = None,
) -> list[StockLine]:
    """What lay where when ``before`` came (None: now), in the order of the tree."""
    require(actor, VIEW)
    rows = within(actor, Organisation.objects.all(), "")
    if under is not None:
        rows = rows.filter(path__startswith=under.path)
    is_whole = under is None and not actor.organisation_path
    holders = None if is_whole else list(rows.values_list("id", flat=True))
    found = stock_at(
        reading_session(),
        before=before or clock.now() + timedelta(days=1),
        organisation_ids=holders,
        batch_ids=None if batch_id is None else [batch_id],
    )
    return _lines(rows, found)


def stock_page(
    actor: Actor,
    paging: Paging,
    *,
    before: datetime | None = None,
    under: Organisation | None = None,
    batch_id: int | None = None,
) -> Page[StockLine]:
    """The same as a page; raises `cursor_invalid`."""
    lines = stock(actor, before=before, under=under, batch_id=batch_id)
    begin = 0
    if paging.after:
        (begin,) = map(int, keys_in(paging.after, 1))
    end = max(0, begin) + paging.rows_max
    return Page(
        lines[max(0, begin) : end],
        after=cursor_of(end) if end < len(lines) else "",
        count=len(lines),
        is_more=len(lines) >= ROWS_MAX,
    )


def paper_batch(actor: Actor, batch_id: int) -> CampaignBatch:
    """A batch of which paper lies in the actor's part, or that is of it; raises `batch_unknown` as
    `custody_piece_unknown`."""
    require(actor, VIEW)
    batch = CampaignBatch.objects.select_related("campaign").filter(id=batch_id).first()
    if batch is None or not stock(actor, batch_id=batch_id):
        raise piece_unknown(batch_id)
    return batch


def runs_of(actor: Actor, batch_id: int) -> list[RunSeen]:
    """The runs of a batch that lie in the actor's part, ``RUNS_SHOWN`` at most."""
    require(actor, VIEW)
    found = paper_runs(reading_session(), batch_id=batch_id)
    names = _names(actor, {run.organisation_id for run in found})
    seen = [
        RunSeen(run, names[run.organisation_id]) for run in found if run.organisation_id in names
    ]
    return seen[:RUNS_SHOWN]


def movements_of(actor: Actor, batch_id: int) -> list[MoveSeen]:
    """What was done with a batch's paper in the actor's part, the latest first."""
    require(actor, VIEW)
    found = movements(reading_session(), batch_id=batch_id, limit=MOVES_MAX)
    return _moves_seen(actor, found)[:MOVES_SHOWN]


def piece_by_serial(actor: Actor, serial: int) -> PieceSeen:
    """One voucher's paper and its whole way; raises `custody_piece_unknown` for what is no paper or
    lies with somebody else."""
    require(actor, VIEW)
    run = run_at(reading_session(), serial) if 0 <= serial < 2**63 else None
    if run is None or run.piece is Piece.UNTRACKED:
        raise piece_unknown(serial)
    names = _names(actor, {run.organisation_id})
    if run.organisation_id not in names:
        raise piece_unknown(serial)
    batch = CampaignBatch.objects.get(id=run.batch_id)
    way = movements(reading_session(), batch_id=run.batch_id, serial=serial)
    return PieceSeen(
        serial,
        run.batch_id,
        batch.name,
        run,
        names[run.organisation_id],
        _moves_seen(actor, way),
    )


def note_by_id(actor: Actor, note_id: int, *, for_update: bool = False) -> TransferNote:
    """The note, to or from the actor's part; raises `custody_note_unknown`."""
    rows = _notes(actor).filter(id=note_id)
    note = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if note is None:
        raise note_unknown(note_id)
    return note


def note_page(
    actor: Actor, paging: Paging, *, state: NoteState | None = None
) -> Page[TransferNote]:
    """Notes, the latest first."""
    require(actor, VIEW)
    rows = _notes(actor)
    return page_of(rows if state is None else rows.filter(state=state), paging, _ORDERS)


def unsigned_page(actor: Actor, paging: Paging) -> Page[TransferNote]:
    """Notes that came from elsewhere into the actor's part and await its signature."""
    require(actor, VIEW)
    path = actor.organisation_path
    rows = _notes(actor).filter(state=NoteState.SENT)
    coming = rows.filter(target__path__startswith=path).exclude(source__path__startswith=path)
    return page_of(coming if path else rows.none(), paging, _ORDERS)


def case_by_id(actor: Actor, case_id: int, *, for_update: bool = False) -> PaperCase:
    """The case; raises `custody_case_unknown`."""
    rows = _cases(actor).filter(id=case_id)
    case = (rows.select_for_update(of=("self",)) if for_update else rows).first()
    if case is None:
        raise case_unknown(case_id)
    return case


def case_page(
    actor: Actor,
    paging: Paging,
    *,
    states: Collection[CaseState] = (),
    alerts_only: bool = False,
) -> Page[PaperCase]:
    """Cases, the latest first."""
    require(actor, VIEW)
    rows = _cases(actor)
    if states:
        rows = rows.filter(state__in=states)
    if alerts_only:
        rows = rows.filter(is_alert=True)
    return page_of(rows, paging, _ORDERS)


def _notes(actor: Actor) -> QuerySet[TransferNote]:
    rows = TransferNote.objects.select_related("batch", "source", "target")
    path = actor.organisation_path
    if not path:
        return rows
    return rows.filter(Q(source__path__startswith=path) | Q(target__path__startswith=path))


def _cases(actor: Actor) -> QuerySet[PaperCase]:
    rows = PaperCase.objects.select_related("batch", "organisation", "note")
    return within(actor, rows, "organisation")


def _names(actor: Actor, organisation_ids: Collection[int]) -> dict[int, str]:
    rows = within(actor, Organisation.objects.filter(id__in=organisation_ids), "")
    return dict(rows.values_list("id", "name"))


def _moves_seen(actor: Actor, found: Sequence[Movement]) -> list[MoveSeen]:
    """Movements with a side in the actor's part; the other side is named too, for both signed."""
    ids = {one.command.organisation_id for one in found}
    ids |= {one.command.to_organisation_id for one in found} - {0}
    own = set(_names(actor, ids))
    names = dict(Organisation.objects.filter(id__in=ids).values_list("id", "name"))
    seen = []
    for one in found:
        source, target = one.command.organisation_id, one.command.to_organisation_id
        if {source, target} & own:
            seen.append(MoveSeen(one, names.get(source, ""), names.get(target or source, "")))
    return seen


def _lines(rows: QuerySet[Organisation], found: Sequence[Stock]) -> list[StockLine]:
    ids = {one.organisation_id for one in found}
    places = {
        one[0]: Place(*one)
        for one in rows.filter(id__in=ids).values_list("id", "name", "code", "path")
    }
    top = min((one.path.count(".") for one in places.values()), default=0)
    batches = CampaignBatch.objects.filter(id__in={one.batch_id for one in found})
    names = dict(batches.values_list("id", "name"))
    lines = [
        StockLine(
            places[one.organisation_id],
            places[one.organisation_id].path.count(".") - top,
            one.batch_id,
            names.get(one.batch_id, ""),
            one.piece,
            one.quantity,
        )
        for one in found
        if one.organisation_id in places
    ]
    return sorted(lines, key=lambda one: (one.place.path, one.batch_id, one.piece))
