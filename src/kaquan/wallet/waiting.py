"""The line before a batch: claims are answered in the order in which they came, each for good.

A claim arrives as a row, whose number is its place in the line. Whoever has the turn takes the
next ones in that order and asks the ledger for all of them at once, so that there is one writer for
a batch however many want it. The turn is taken by whoever asks what became of a claim, and by the
background for those who closed the page. See docs/decisions/0040.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, OperationalError, connections, transaction
from django.db.models import F, Q
from psycopg.errors import LockNotAvailable

from kaquan.customers.models import Customer
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation import clock
from kaquan.foundation.refusals import RefusedError
from kaquan.ledger.balances import supplies
from kaquan.ledger.door import close_door
from kaquan.ledger.sessions import reading_session
from kaquan.wallet.answering import Answered, ask_ledger, keep_answers
from kaquan.wallet.errors import link_empty, waiting_full
from kaquan.wallet.models import ClaimLink, ClaimRoom, LinkClaim
from kaquan.wallet.sessions import forget_sessions

NAME = "wallet-waiting"
CALLED_AT_ONCE = 200
WAITING_MAX = 20_000
#: How long a request stays for its own answer; later the page asks.
PATIENCE_S = 1.5
TURN_WAIT_MS, GATE_WAIT_MS = 300, 2_000
#: So many requests of a process wait for the turn, each with a session; others show the line.
TURN_WAITERS_MAX = 4
RATE_AGE = timedelta(seconds=10)
REFUSALS_KEPT = timedelta(days=7)
LOOK_S, TIDY_S = 1.0, 3_600.0
ROOMS_AT_ONCE = 100
_TURN, _GATE = 0x6B61_0001, 0x6B61_0002  # the first of two advisory lock keys
_turn_waiters = threading.BoundedSemaphore(TURN_WAITERS_MAX)


class Place(NamedTuple):
    """Where a claim stands. ``wait_s`` is an estimate by how it went of late, None without any."""

    number: int
    ahead: int
    wait_s: int | None
    left: int

    @property
    def wait_min(self) -> int:
        """The estimate in minutes, rounded up."""
        return -(-(self.wait_s or 0) // 60)


def arrive(*, customer: Customer, link: ClaimLink, once: str, at: datetime) -> LinkClaim:
    """Take a place in the line; the same form again, or a second one meanwhile, has the same.

    Raises `stock_exhausted`, `claim_link_empty` where nothing is left, and `claim_waiting_full`.
    """
    known = _known(link, customer, once)
    if known is not None:
        return known
    _refuse_where_over(link)
    try:
        with transaction.atomic():
            rows = LinkClaim.objects.filter(link=link, customer=customer)
            rows.filter(serial__isnull=True, answered_at__isnull=False).delete()
            # Numbers are drawn behind the gate: whoever closes it sees all of those drawn before.
            _execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", _GATE, link.batch_id)
            claim = LinkClaim.objects.create(link=link, customer=customer, once=once, at=at)
    except IntegrityError:
        known = _known(link, customer, once)
        if known is None:
            raise
        return known
    _refuse_where_full(claim, link.batch_id)
    return claim


def answered(claim: LinkClaim, batch_id: int) -> LinkClaim:
    """The claim as it is after a short while: answered where the line is short."""
    deadline_s = clock.monotonic_s() + PATIENCE_S
    while claim.answered_at is None:
        count = answer_next(batch_id)
        if count is None and _turn_waiters.acquire(blocking=False):
            try:
                count = answer_next(batch_id, turn_wait_ms=TURN_WAIT_MS)
            finally:
                _turn_waiters.release()
        claim.refresh_from_db()
        if not count or clock.monotonic_s() > deadline_s:
            break
    return claim


def answer_next(batch_id: int, *, turn_wait_ms: int = 0) -> int | None:
    """Answer those who came first, at most `CALLED_AT_ONCE`; how many, None without the turn.

    Stopped half-way, the same are asked for again under the same keys.
    """
    begun_at = clock.now()
    try:
        with transaction.atomic():
            if not _has_turn(batch_id, turn_wait_ms):
                return None
            claims = _first_in_line(batch_id)
            if not claims:
                return 0
            asked, empty = _within_bounds(claims)
            told = [Answered.refused(claim, link_empty()) for claim in empty] + ask_ledger(asked)
            if told:
                keep_answers(told, clock.now())
                _count_given(told)
                _keep_pace(batch_id, told, begun_at)
            return len(told)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return None
        raise


def place_of(claim: LinkClaim, link: ClaimLink) -> Place:
    """Where a claim that waits stands."""
    ahead = _waiting(link.batch_id).filter(id__lt=claim.id)[:WAITING_MAX].count()
    lately = ClaimRoom.objects.filter(
        batch_id=link.batch_id, per_minute__gt=0, called_at__gt=clock.now() - RATE_AGE
    )
    room = lately.first()
    wait_s = ahead * 60 // room.per_minute + 1 if room else None
    return Place(claim.id, ahead, wait_s, left_of(link))


def left_of(link: ClaimLink) -> int:
    """How many may still be claimed by a link, exactly, at this moment."""
    supply = supplies(reading_session(), [link.batch_id]).get(link.batch_id)
    stock = supply.stock_left if supply else 0
    if link.quantity_max is None:
        return stock
    return min(stock, link.quantity_max - link.claimed)


def latest_claim(customer: Customer, token: str) -> LinkClaim | None:
    """A customer's latest claim by a link, also by one that was closed since."""
    rows = LinkClaim.objects.select_related("link__batch__campaign", "link__batch__offer_version")
    return rows.filter(link__token=token[:16], customer=customer).order_by("-id").first()


def answer_all(stop: threading.Event) -> None:
    """Answer those who closed the page, until told to stop; forget what is over meanwhile."""
    tidy_at_s = clock.monotonic_s()
    try:
        while not stop.is_set():
            for batch_id in rooms():
                while not stop.is_set() and answer_next(batch_id):
                    pass
            if clock.monotonic_s() >= tidy_at_s:
                forget_refusals(clock.now())
                forget_sessions(clock.now())
                tidy_at_s = clock.monotonic_s() + TIDY_S
            stop.wait(LOOK_S)
    finally:
        connections.close_all()
        close_door()


def rooms() -> list[int]:
    """Batches that somebody waits for."""
    rows = LinkClaim.objects.filter(answered_at__isnull=True).order_by("link__batch_id")
    return list(rows.values_list("link__batch_id", flat=True).distinct()[:ROOMS_AT_ONCE])


def forget_refusals(at: datetime) -> int:
    """Drop refusals that nobody will ask for; how many."""
    rows = LinkClaim.objects.filter(serial__isnull=True, answered_at__lt=at - REFUSALS_KEPT)
    return rows.delete()[0]


def _known(link: ClaimLink, customer: Customer, once: str) -> LinkClaim | None:
    rows = LinkClaim.objects.filter(link=link, customer=customer)
    found = {one.once: one for one in rows.filter(Q(once=once) | Q(answered_at__isnull=True))}
    return found.get(once) or next(iter(found.values()), None)


def _refuse_where_over(link: ClaimLink) -> None:
    """Spare those who come too late the line: what is gone does not come back by waiting."""
    if link.quantity_max is not None and link.claimed >= link.quantity_max:
        raise link_empty()
    supply = supplies(reading_session(), [link.batch_id]).get(link.batch_id)
    if supply is not None and supply.state == "running" and supply.stock_left == 0:
        raise RefusedError(Outcome(OutcomeCode.STOCK_EXHAUSTED))


def _refuse_where_full(claim: LinkClaim, batch_id: int) -> None:
    called = ClaimRoom.objects.filter(batch_id=batch_id).values_list("called_id", flat=True)
    if claim.id - (called.first() or 0) <= WAITING_MAX:
        return
    before = _waiting(batch_id).filter(id__lt=claim.id)
    if before[:WAITING_MAX].count() >= WAITING_MAX:
        claim.delete()
        raise waiting_full()


def _waiting(batch_id: int):  # type: ignore[no-untyped-def]  # a queryset of claims
    return LinkClaim.objects.filter(link__batch_id=batch_id, answered_at__isnull=True)


def _has_turn(batch_id: int, wait_ms: int) -> bool:
    """The turn until the transaction ends."""
    _execute("SELECT set_config('lock_timeout', %s, true)", str(wait_ms or GATE_WAIT_MS))
    if not wait_ms:
        return bool(_execute("SELECT pg_try_advisory_xact_lock(%s, %s)", _TURN, batch_id))
    _execute("SELECT pg_advisory_xact_lock(%s, %s)", _TURN, batch_id)
    return True


def _first_in_line(batch_id: int) -> Sequence[LinkClaim]:
    """Those who came first. While the gate is closed nobody draws a number, and all who have drawn
    one are in the table; it opens as the savepoint is undone, whatever happens."""
    mark = transaction.savepoint()
    _execute("SELECT pg_advisory_xact_lock(%s, %s)", _GATE, batch_id)
    rows = _waiting(batch_id).select_related("link", "customer").order_by("id")
    found = list(rows[:CALLED_AT_ONCE])
    transaction.savepoint_rollback(mark)
    return found


def _within_bounds(claims: Sequence[LinkClaim]) -> tuple[list[LinkClaim], list[LinkClaim]]:
    """Those to ask for, and those whose link has given all that it may.

    Where a link's last places are asked for, those behind wait for what becomes of them.
    """
    places: dict[int, int] = {}
    asked: list[LinkClaim] = []
    empty: list[LinkClaim] = []
    for claim in claims:
        link = claim.link
        if link.quantity_max is not None:
            left = places.setdefault(link.id, link.quantity_max - link.claimed)
            if link.quantity_max <= link.claimed:
                empty.append(claim)
                continue
            if left == 0:
                break
            places[link.id] = left - 1
        asked.append(claim)
    return asked, empty


def _keep_pace(batch_id: int, told: Sequence[Answered], begun_at: datetime) -> None:
    now = clock.now()
    room, _made = ClaimRoom.objects.get_or_create(batch_id=batch_id)
    went_on = room.called_at is not None and now - room.called_at < RATE_AGE
    since = room.called_at if went_on and room.called_at is not None else begun_at
    elapsed_ms = max((now - since) // timedelta(milliseconds=1), 1)
    pace = len(told) * 60_000 // elapsed_ms
    room.per_minute = (room.per_minute * 3 + pace) // 4 if went_on and room.per_minute else pace
    room.called_id = max(room.called_id, *(one.claim.id for one in told))
    room.called_at = now
    room.save()


def _count_given(told: Sequence[Answered]) -> None:
    given = Counter(one.claim.link_id for one in told if one.serial is not None)
    for link_id, count in given.items():
        ClaimLink.objects.filter(id=link_id).update(claimed=F("claimed") + count)


def _execute(statement: str, *values: str | int) -> object:
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, list(values))
        row = cursor.fetchone()
        return row[0] if row else None
