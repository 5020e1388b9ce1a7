"""What was done at a counter, and what it comes to: the requests' names, and the books' numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time

from msgspec import Struct, structs

from kaquan.engine.outcomes import Outcome, VoucherResult
from kaquan.foundation.configuration import current_configuration
from kaquan.terminals.models import CounterRequest, Shift
from kaquan.terminals.requests import Answered, outcomes_of
from kaquan.terminals.told import Refused, Titles, moment, refusal_of, titles_of

LIST_MAX = 100
LIST_MOST = 1_000
_AT_ONCE = 500


class Line(Struct, frozen=True, rename="camel"):
    """One voucher of a request, after it."""

    zh: str
    en: str
    discount_fen: int
    balance_fen: int
    uses_left: int
    has_balance: bool


class Done(Struct, frozen=True, rename="camel"):
    """A request and what became of it. ``amount_fen``: what the order got off, went back, or what
    a card was topped up by."""

    id: int
    once: str
    operation: str
    at: str
    clerk: str
    supervisor: str
    order_no: str
    done: bool
    amount_fen: int
    vouchers: Sequence[Line]
    refused: Refused | None = None
    undone: bool = False
    is_mine: bool = False


class Totals(Struct, frozen=True, rename="camel"):
    """What a shift comes to."""

    uses: int = 0
    vouchers: int = 0
    discount_fen: int = 0
    undone: int = 0
    undone_fen: int = 0
    top_ups: int = 0
    top_up_fen: int = 0
    refused: int = 0


def done_of(found: Answered) -> Done:
    """One request in words; withdrawn ones were not done."""
    outcome = found.outcome
    shown = _shown(found.request, outcome, titles_of(_batches([outcome])))
    if outcome is None or outcome.done:
        return shown
    return structs.replace(shown, refused=refusal_of(outcome, found.serial))


def done_today(shift: Shift, at: datetime, most: int) -> tuple[list[Done], int]:
    """What was asked for at the shift's terminal today, the latest ``most``; and how many are
    earlier."""
    rows = CounterRequest.objects.filter(terminal=shift.terminal_id, at__gte=_day_begins(at))
    requests = list(rows.select_related("shift__user", "supervisor").order_by("-at", "-id")[:most])
    outcomes = outcomes_of(requests)
    undone_ids = _undone(requests)
    titles = titles_of(_batches(outcomes.values()))
    shown = [
        _shown(one, outcomes[one.pk], titles, undone=one.pk in undone_ids, shift_id=shift.pk)
        for one in requests
        if one.pk in outcomes
    ]
    return shown, rows.count() - len(requests) if len(requests) == most else 0


def totals_of(shift: Shift) -> Totals:
    """What the books say of all that was asked for in a shift."""
    rows = CounterRequest.objects.filter(shift=shift).order_by("id")
    counted: Counter[str] = Counter()
    part = list(rows[:_AT_ONCE])
    while part:
        outcomes = outcomes_of(part)
        for request in part:
            if request.pk in outcomes:
                counted.update(_counted(request.operation, outcomes[request.pk]))
        part = list(rows.filter(id__gt=part[-1].pk)[:_AT_ONCE])
    return Totals(**counted)


def _counted(operation: str, outcome: Outcome) -> dict[str, int]:
    if not outcome.done:
        return {"refused": 1}
    amount_fen = _amount_fen(operation, outcome.vouchers)
    if operation == "redeem":
        return {"uses": 1, "vouchers": len(outcome.vouchers), "discount_fen": amount_fen}
    if operation == "reverse":
        return {"undone": 1, "undone_fen": amount_fen}
    return {"top_ups": 1, "top_up_fen": amount_fen}


def _undone(requests: Sequence[CounterRequest]) -> set[int]:
    """Those of the requests that another request took back."""
    rows = CounterRequest.objects.filter(undoes__in=requests)
    undoing = list(rows.select_related("undoes"))
    outcomes = outcomes_of(undoing)
    return {
        one.undoes_id
        for one in undoing
        if one.undoes_id is not None and one.pk in outcomes and outcomes[one.pk].done
    }


def _shown(
    request: CounterRequest,
    outcome: Outcome | None,
    titles: Mapping[int, Titles],
    *,
    undone: bool = False,
    shift_id: int | None = None,
) -> Done:
    vouchers = outcome.vouchers if outcome is not None and outcome.done else ()
    refused = None
    if outcome is None:
        refused = Refused("counter_request_withdrawn", "没有核销。", "Nothing was booked.")
    elif not outcome.done:
        refused = refusal_of(outcome)
    return Done(
        id=request.pk,
        once=request.once,
        operation=request.operation,
        at=moment(request.at),
        clerk=request.shift.user.name,
        supervisor=request.supervisor.name if request.supervisor else "",
        order_no=request.order_no,
        done=outcome is not None and outcome.done,
        amount_fen=_amount_fen(request.operation, vouchers),
        vouchers=[_line(one, titles) for one in vouchers],
        refused=refused,
        undone=undone,
        is_mine=request.shift_id == shift_id,
    )


def _line(result: VoucherResult, titles: Mapping[int, Titles]) -> Line:
    name = titles[result.batch_id]
    return Line(
        zh=name.zh,
        en=name.en,
        discount_fen=abs(result.discount_fen),
        balance_fen=result.balance_fen,
        uses_left=result.uses_left,
        has_balance=result.balance_fen > 0 or result.balance_used_fen != 0,
    )


def _amount_fen(operation: str, vouchers: Sequence[VoucherResult]) -> int:
    if operation == "top_up":
        return sum(-one.balance_used_fen for one in vouchers)
    return abs(sum(one.discount_fen for one in vouchers))


def _batches(outcomes: Iterable[Outcome | None]) -> set[int]:
    return {
        result.batch_id
        for outcome in outcomes
        if outcome is not None
        for result in outcome.vouchers
    }


def _day_begins(at: datetime) -> datetime:
    zone = current_configuration().time_zone
    return datetime.combine(at.astimezone(zone).date(), time(), zone)
