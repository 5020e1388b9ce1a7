"""The counter's calls for work without a network: what a device may do, and what it did."""

from __future__ import annotations

import base64
import binascii

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from kaquan.foundation import clock
from kaquan.offline import at_counter
from kaquan.offline.cases import ToldUndo, ToldUse
from kaquan.offline.granting import renew
from kaquan.offline.syncing import USES_MAX, sync
from kaquan.surfaces.counter.calls import (
    Asked,
    Caller,
    Undoing,
    answer_of,
    answered,
    asked,
    device_behind,
    told,
    working,
)
from kaquan.terminals.errors import request_malformed

PENDING_MAX = 1_000_000
FEN_MAX = 10**12


class Renewing(Asked):
    """What the device holds still, as it says."""

    pending: int = 0
    pending_fen: int = 0


class Undone(Asked):
    """A line that took a use back, and its signature in base64."""

    text: str
    signature: str


class Told(Asked):
    """A line of the journal, its signature in base64, and the code that it is about. ``undo``: the
    line further on that takes it back; such a line has no code."""

    text: str
    signature: str
    code: str = ""
    undo: Undone | None = None

    def __repr__(self) -> str:
        return "<a use that was told>"


class Syncing(Renewing):
    """Some lines, in their order; and what is left after them."""

    uses: tuple[Told, ...] = ()


@require_POST
@answered
def renew_grant(request: HttpRequest) -> HttpResponse:
    """Everything that this device must know for the next hours, and how far it goes."""
    device = device_behind(request)
    body = asked(request, Renewing)
    _check(body)
    content = renew(
        device=device, pending=body.pending, pending_fen=body.pending_fen, at=clock.now()
    )
    return told(content)


@require_POST
@answered
def hand_in(request: HttpRequest) -> HttpResponse:
    """Take in what it did without a network; sent again it has the same answers."""
    device = device_behind(request)
    body = asked(request, Syncing)
    _check(body)
    if len(body.uses) > USES_MAX:
        raise request_malformed(f"一次最多 {USES_MAX} 笔。", f"At most {USES_MAX} at once.")
    uses = [_told(one) for one in body.uses]
    judged = sync(
        device=device,
        uses=uses,
        pending=body.pending,
        pending_fen=body.pending_fen,
        at=clock.now(),
    )
    answers = [
        {"hash": one.hash, "known": one.known, "verdict": one.verdict, "reason": one.reason}
        for one in judged
    ]
    return told({"judged": answers})


@working(Undoing)
def undo_taken(caller: Caller, body: Undoing) -> HttpResponse:
    """Take it back in the books."""
    return answer_of(
        at_counter.undo_taken(
            counter=caller.counter(body.supervisor),
            once=body.once,
            use_id=body.id,
            reason=body.reason,
            at=clock.now(),
        )
    )


def _told(one: Told) -> ToldUse:
    undo = one.undo
    taken_back = None if undo is None else ToldUndo(undo.text, _signature(undo.signature))
    return ToldUse(one.text, _signature(one.signature), one.code, taken_back)


def _check(body: Renewing) -> None:
    if not (0 <= body.pending <= PENDING_MAX and 0 <= body.pending_fen <= FEN_MAX):
        raise request_malformed("待上传数不对。", "What is pending makes no sense.")


def _signature(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise request_malformed("签名格式不对。", "A signature has another form.") from None
