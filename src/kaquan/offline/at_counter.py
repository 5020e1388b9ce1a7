"""What a terminal's own uses without a network came to, for whoever works at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time

from django.db.models import Count, Q, Sum
from msgspec import Struct

from kaquan.engine.places import Place
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.returns import returned_fen
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import batches_of
from kaquan.offline.models import OfflineUse, Verdict
from kaquan.terminals.errors import request_unknown
from kaquan.terminals.models import Shift
from kaquan.terminals.requests import Answered, Counter, take_back
from kaquan.terminals.told import moment, titles_of


class Taken(Struct, frozen=True, rename="camel"):
    """A use that was handed in; ``verdict``: ``booked``, ``undone``, or who bears the conflict."""

    id: int
    at: str
    clerk: str
    zh: str
    en: str
    amount_fen: int
    verdict: str


class TakenTotals(Struct, frozen=True, rename="camel"):
    """What those of a shift come to, undone ones left out; ``conflicts`` are among the uses."""

    uses: int
    amount_fen: int
    conflicts: int


def taken_today(shift: Shift, at: datetime, most: int) -> tuple[list[Taken], int]:
    """Those of the shift's terminal whose time was today, the latest ``most``; and how many are
    earlier."""
    zone = current_configuration().time_zone
    begins = datetime.combine(at.astimezone(zone).date(), time(), zone)
    rows = OfflineUse.objects.filter(device__terminal=shift.terminal_id, at__gte=begins)
    uses = list(rows.select_related("shift__user").order_by("-at", "-id")[:most])
    batch_of = batches_of(reading_session(), [one.serial for one in uses])
    titles = titles_of(set(batch_of.values()))
    returned = returned_fen(reading_session(), [one.serial for one in uses])
    taken = [
        Taken(
            id=one.pk,
            at=moment(one.at),
            clerk=one.shift.user.name if one.shift else "",
            zh=titles[batch_of[one.serial]].zh,
            en=titles[batch_of[one.serial]].en,
            amount_fen=one.amount_fen,
            verdict=Verdict.UNDONE if _is_back(one, returned) else one.verdict,
        )
        for one in uses
        if one.serial in batch_of
    ]
    return taken, rows.count() - len(uses) if len(uses) == most else 0


def _is_back(use: OfflineUse, returned: Mapping[tuple[int, Place], int]) -> bool:
    """Whether a use that was booked came back whole, here or elsewhere."""
    if use.verdict != Verdict.BOOKED or use.block is None or use.block_index is None:
        return False
    place = Place(use.block, use.block_index)
    return returned.get((use.serial, place), 0) >= use.amount_fen


def undo_taken(*, counter: Counter, once: str, use_id: int, reason: str, at: datetime) -> Answered:
    """Take back a use without a network that the books have, as one of them is taken back.

    Raises `counter_request_unknown`, `counter_supervisor_needed`, `care_beyond_authority`.
    """
    rows = OfflineUse.objects.filter(
        device__terminal=counter.shift.terminal_id, verdict=Verdict.BOOKED, id=use_id
    )
    use = rows.first()
    if use is None or use.block is None or use.block_index is None:
        raise request_unknown()
    return take_back(
        counter=counter,
        once=once,
        redemption=Place(use.block, use.block_index),
        used_at=use.at,
        reason=reason,
        content=["offline", use_id, reason],
        at=at,
    )


def taken_totals(shifts: Sequence[Shift]) -> dict[int, TakenTotals]:
    """What was handed in of each shift, by its id."""
    uses = OfflineUse.objects.filter(shift__in=shifts).exclude(verdict=Verdict.UNDONE)
    rows = uses.values("shift").annotate(
        uses=Count("id"), fen=Sum("amount_fen"),
        conflicts=Count("id", filter=~Q(verdict=Verdict.BOOKED)),
    )  # fmt: skip
    found = {row["shift"]: TakenTotals(row["uses"], row["fen"], row["conflicts"]) for row in rows}
    return {one.pk: found.get(one.pk, TakenTotals(0, 0, 0)) for one in shifts}
