"""Wrong codes, passwords and PINs are counted against whom and where they were tried.

Each try is counted before it is judged, under a lock of its subjects, and given back when it was
right: a burst of tries at once gets no further than one after another. Vouchers' codes are counted
afterwards, where they were forged: true ones are many, and are not to wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from kaquan.access.sources import subject_of
from kaquan.terminals.errors import tried_too_often
from kaquan.terminals.models import FailedTry

KEPT_FOR = timedelta(days=1)


class Bound(NamedTuple):
    """At most so many wrong tries in so long."""

    most: int
    span: timedelta


PER_ACCOUNT = Bound(5, timedelta(minutes=15))
PER_TERMINAL = Bound(20, timedelta(hours=1))
PER_SOURCE = Bound(30, timedelta(minutes=10))
FORGED_PER_TERMINAL = Bound(30, timedelta(minutes=10))


class Subject(NamedTuple):
    """Whom a wrong try counts against, and how many it may have."""

    name: str
    bound: Bound


def account(user_id: int | None, username: str) -> Subject:
    """An account, or a name that is none: both behave alike."""
    return Subject(f"account:{user_id or username.strip().lower()[:64]}", PER_ACCOUNT)


def terminal(terminal_id: int) -> Subject:
    """Whoever tries at one terminal."""
    return Subject(f"terminal:{terminal_id}", PER_TERMINAL)


def source(address: str) -> Subject:
    """Whoever tries from one address."""
    return Subject(f"source:{subject_of(address)[0]}", PER_SOURCE)


def forged(terminal_id: int) -> Subject:
    """Vouchers' codes at one terminal that nobody made: no slip of a finger, but a guess, or a
    picture of a code that has changed since."""
    return Subject(f"forged:{terminal_id}", FORGED_PER_TERMINAL)


class Verdict:
    """What became of a try; wrong unless somebody says otherwise."""

    right = False


@contextmanager
def trying(subjects: Sequence[Subject], at: datetime) -> Iterator[Verdict]:
    """Count a try against each subject, and take it back if the block finds it right.

    Raises `counter_tried_too_often`, and then nothing was tried.
    """
    rows = _count(subjects, at)
    verdict = Verdict()
    try:
        yield verdict
    finally:
        if verdict.right:
            FailedTry.objects.filter(id__in=[row.id for row in rows]).delete()


def refuse_beyond(subject: Subject, at: datetime) -> None:
    """Raise `counter_tried_too_often` where the subject has had all its wrong tries."""
    since = at - subject.bound.span
    recent = FailedTry.objects.filter(subject=subject.name, at__gt=since).order_by("-at")
    moments = list(recent.values_list("at", flat=True)[: subject.bound.most])
    if len(moments) >= subject.bound.most:
        wait = moments[-1] + subject.bound.span - at
        raise tried_too_often(max(1, int(wait.total_seconds())))


def note(subject: Subject, number: int, at: datetime) -> None:
    """Count wrong tries that were judged already."""
    FailedTry.objects.bulk_create([FailedTry(subject=subject.name, at=at) for _ in range(number)])


def _count(subjects: Sequence[Subject], at: datetime) -> list[FailedTry]:
    with transaction.atomic():
        _lock(subjects)
        FailedTry.objects.filter(at__lt=at - KEPT_FOR).delete()
        for subject in subjects:
            refuse_beyond(subject, at)
        return FailedTry.objects.bulk_create(
            [FailedTry(subject=subject.name, at=at) for subject in subjects]
        )


def _lock(subjects: Sequence[Subject]) -> None:
    with connection.cursor() as cursor:
        for name in sorted(subject.name for subject in subjects):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"kaquan try {name}"]
            )
