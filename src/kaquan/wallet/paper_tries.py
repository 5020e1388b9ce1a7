"""How often somebody may type what is no code: pools of foreign codes can be short ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from kaquan.customers.models import Customer
from kaquan.engine.outcomes import OutcomeCode
from kaquan.foundation.errors import KaquanError
from kaquan.terminals import tries

PER_CUSTOMER = tries.Bound(10, timedelta(hours=1))
GUESSED = tuple(
    one.name.lower()
    for one in (OutcomeCode.CODE_FORGED, OutcomeCode.CODE_MALFORMED, OutcomeCode.VOUCHER_UNKNOWN)
)
"""What is told of a text that is nobody's code; a slip of the finger is told otherwise."""


@contextmanager
def trying_code(customer: Customer, source: str, at: datetime) -> Iterator[None]:
    """Count what the block finds to be a guess; raises `counter_tried_too_often`."""
    subjects = [tries.Subject(f"paper:{customer.id}", PER_CUSTOMER), tries.source(source)]
    with tries.trying(subjects, at) as verdict:
        try:
            yield
        except KaquanError as error:
            verdict.right = error.code not in GUESSED
            raise
        verdict.right = True
