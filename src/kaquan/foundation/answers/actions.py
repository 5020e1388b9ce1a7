"""A request by a name has one effect and one answer, for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from kaquan.foundation import clock
from kaquan.foundation.answers.errors import request_in_progress, request_key_reused
from kaquan.foundation.answers.models import KeptAnswer
from kaquan.foundation.encrypted_fields import blind_index, blind_indexes
from kaquan.foundation.ids import draw_ids

WAIT_MS = 3_000
_SUBJECT = "request-content"


@dataclass(frozen=True, slots=True)
class RequestName:
    """Whose request it is, for what, and by which name; ``content`` is all that it asks for."""

    client_id: int
    operation: str
    key: str
    content: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered. One that is not ``final`` is not kept: the request may succeed
    when it comes again, and nothing of it remains."""

    status: int
    media_type: str
    body: bytes
    final: bool = True


class _NotFinalError(Exception):
    """Takes what is not final back out of the transaction."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def answer_once(name: RequestName, work: Callable[[], Answer]) -> Answer:
    """The answer that the name has; without one, that of ``work``, in one transaction with it.

    A second request of the same name waits for the first, some seconds at most. Raises
    `request_key_reused`, `request_in_progress`.
    """
    try:
        with transaction.atomic():
            _wait_for_turn(name)
            kept = _kept(name)
            if kept is not None:
                return kept
            answer = work()
            if not answer.final:
                raise _NotFinalError(answer)
            _keep(name, answer)
            return answer
    except _NotFinalError as given:
        return given.answer


def answer_repeatable(name: RequestName, work: Callable[[], Answer]) -> Answer:
    """The same for work that commits by itself, such as a command to the ledger, and that changes
    nothing when it is done again: the answer is kept after it.

    After a crash between the two the work is done again, so it needs a request key of its own.
    """
    with _turn(name):
        kept = _kept(name)
        if kept is not None:
            return kept
        answer = work()
        if answer.final:
            with transaction.atomic():
                _keep(name, answer)
        return answer


def _kept(name: RequestName) -> Answer | None:
    row = KeptAnswer.objects.filter(
        client_id=name.client_id, operation=name.operation, key=name.key
    ).first()
    if row is None:
        return None
    if bytes(row.content_index) not in blind_indexes(_SUBJECT, name.content):
        raise request_key_reused()
    return Answer(row.status, row.media_type, row.body.encode())


def _keep(name: RequestName, answer: Answer) -> None:
    (row_id,) = draw_ids(KeptAnswer, 1)
    KeptAnswer(
        id=row_id,
        client_id=name.client_id,
        operation=name.operation,
        key=name.key,
        content_index=blind_index(_SUBJECT, name.content),
        status=answer.status,
        media_type=answer.media_type,
        body=answer.body.decode(),
        created_at=clock.now(),
    ).save(force_insert=True)


def _lock_number(name: RequestName) -> int:
    text = f"{name.client_id}\0{name.operation}\0{name.key}".encode()
    digest = hashlib.blake2b(text, digest_size=8, person=b"kaquan-answers").digest()
    return int.from_bytes(digest, "big", signed=True)


def _wait_for_turn(name: RequestName) -> None:
    """Until the transaction ends the name is ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(WAIT_MS)])
        try:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_lock_number(name)])
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise request_in_progress() from None
            raise
        cursor.execute("SELECT set_config('lock_timeout', '0', true)")


@contextmanager
def _turn(name: RequestName) -> Iterator[None]:
    """The same for work that is no transaction; the session holds the lock."""
    number = _lock_number(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        row = cursor.fetchone()
        if row is None or not row[0]:
            raise request_in_progress()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
