"""From what stands on paper or screen to a serial, and back.

Our own codes prove themselves without a database. Only where pools of foreign codes were brought in
is a text that is no code of ours looked up, by its keyed hash.

A code is of a voucher in one hand (docs/decisions/0036). Whoever uses a voucher asks for what was
`presented`, and the books refuse a hand that it is in no more; whoever only has to find the voucher
reads any code of it. What is printed, signed or foreign is of the first hand.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection as django_connection

from kaquan.engine.codes import (
    CodeBook,
    CodeFault,
    CodeKey,
    DecodedCode,
    Presented,
    format_code,
    pool_hash,
)
from kaquan.engine.dynamic_codes import is_dynamic
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.signed import SIGNED_SYMBOLS, is_signed_form
from kaquan.foundation import clock, keys
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger import pool_codes
from kaquan.redemption.dynamic_keys import dynamic_code
from kaquan.redemption.signed_keys import signed_serial

ISSUER = 1  # one installation serves one issuer
POOLS_KNOWN_S = 1.0
KEYS_KNOWN_S = 1.0
_KEY_ID_BITS = 16

FAULTS = {
    CodeFault.MALFORMED: Outcome(OutcomeCode.CODE_MALFORMED),
    CodeFault.MISTYPED: Outcome(OutcomeCode.CODE_MISTYPED),
    CodeFault.FORGED: Outcome(OutcomeCode.CODE_FORGED),
}


def code_book() -> CodeBook:
    """The issuer's codes under the keys of now; a rotation is noticed at once."""
    path = current_configuration().key_file
    return _book(path, _changed_at(path))


def read_code(text: str) -> int | Outcome:
    """The serial behind a typed or scanned text, in whichever hand the voucher is by now, or the
    refusal that the text deserves."""
    found = presented(text)
    return found if isinstance(found, Outcome) else found.serial


def presented(text: str) -> Presented | Outcome:
    """What a typed or scanned text stands for, or the refusal that it deserves."""
    found = _read(code_book(), text)
    if isinstance(found, Presented):
        return found
    serial = _pool_serial(text)
    return FAULTS[found] if serial is None else Presented(serial)


def own_code(text: str) -> Presented | CodeFault:
    """What a text stands for that is a code of ours, by the keys of at most ``KEYS_KNOWN_S`` ago;
    neither a file nor the database is asked."""
    global _kept_book, _kept_at_s  # a cache of one fact per process
    now_s = clock.monotonic_s()
    if _kept_book is None or now_s - _kept_at_s >= KEYS_KNOWN_S:
        _kept_book, _kept_at_s = code_book(), now_s
    return _read(_kept_book, text)


def _read(book: CodeBook, text: str) -> Presented | CodeFault:
    """What a code on paper, what a phone shows (docs/decisions/0036) or a signed code (0035) stands
    for."""
    if len(text) == SIGNED_SYMBOLS and is_signed_form(text):
        signed = signed_serial(text, ISSUER)
        return signed if isinstance(signed, CodeFault) else Presented(signed)
    found = book.decode(text)
    if isinstance(found, DecodedCode):
        return Presented(found.serial, found.hand)
    if found is CodeFault.MALFORMED and is_dynamic(text):
        return dynamic_code(text, clock.now())
    return found


def may_be_foreign() -> bool:
    """Whether a text that is no code of ours must be looked up with `read_code`, which may ask the
    database; False where it is known that there are no pools."""
    return _pools_exist or clock.monotonic_s() - _pools_asked_s >= POOLS_KNOWN_S


def new_code(serial: int, hand: int = 0) -> str:
    """The code of a voucher in its hand as people read it, under the writing key of now."""
    if _kept_book is None:
        own_code("")
    assert _kept_book is not None
    return format_code(_kept_book.encode(serial, hand))


def pool_hashes(text: str) -> list[bytes]:
    """What a foreign code may be stored as, newest key first; empty if it cannot be one."""
    path = current_configuration().key_file
    hashes = [pool_hash(key, text) for key in _pool_keys(path, _changed_at(path))]
    return [one for one in hashes if not isinstance(one, CodeFault)]


def _pool_serial(text: str) -> int | None:
    if not _has_pools():
        return None
    hashes = pool_hashes(text)
    found = pool_codes.serials_of(ledger_session(), hashes) if hashes else {}
    return next((found[one] for one in hashes if one in found), None)


def ledger_session() -> psycopg.Connection[Any]:
    """This thread's database session, for reading the ledger."""
    django_connection.ensure_connection()
    session: psycopg.Connection[Any] = django_connection.connection
    return session


_kept_book: CodeBook | None = None
_kept_at_s = float("-inf")
_pools_asked_s = float("-inf")
_pools_exist = False


def _has_pools() -> bool:
    """Whether there are foreign codes at all, as it was at most ``POOLS_KNOWN_S`` ago.

    Without any, guessing at codes costs us no query.
    """
    global _pools_asked_s, _pools_exist  # noqa: PLW0603  # a cache of one fact per process
    if not _pools_exist and clock.monotonic_s() - _pools_asked_s >= POOLS_KNOWN_S:
        _pools_exist = pool_codes.has_pools(ledger_session())
        _pools_asked_s = clock.monotonic_s()
    return _pools_exist


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0  # loading it tells what is wrong


@lru_cache(maxsize=1)
def _book(path: Path, _changed_at_ns: int) -> CodeBook:
    ring = keys.load(path)
    # The two purposes rotate apart, so any old pair may have made a code that is still around.
    pairs = product(ring.all("code-tag"), ring.all("code-permutation"))
    return CodeBook(
        [
            CodeKey(tag.key_id << _KEY_ID_BITS | serial.key_id, serial.secret, tag.secret)
            for tag, serial in pairs
        ],
        ISSUER,
    )


@lru_cache(maxsize=1)
def _pool_keys(path: Path, _changed_at_ns: int) -> tuple[bytes, ...]:
    return tuple(key.secret for key in keys.load(path).all("pool-hash"))
