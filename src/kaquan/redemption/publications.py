"""Giving a batch's vouchers to a list of customers, once to each under the publication's name.

What would be refused is only told and not sent for good, so that a list can be sent again once
stock was minted or a member was entered; those who got a voucher get no second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from django.db.models import QuerySet

from kaquan.campaigns.queries import batch_by_id
from kaquan.engine.commands import Assign, RequestKey
from kaquan.engine.outcomes import Outcome
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.refusals import INTERNAL_CLIENT
from kaquan.ledger.answers import answers_given
from kaquan.ledger.door import submit
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.queries import within
from kaquan.redemption.actions import ISSUE
from kaquan.redemption.models import Publication
from kaquan.redemption.recipients import recipient_ids
from kaquan.redemption.visits import Visit, gather_many

CUSTOMERS_MAX = 1_000
CHANNEL = "publication"
LIST_MAX = 200
_COMMANDS_AT_ONCE = 200

read_name = cells.text(100)


class Assignment(NamedTuple):
    """What a customer was answered; ``outcome`` None: there is no such customer. ``repeated``: it
    is the answer of an earlier time."""

    number: str
    outcome: Outcome | None
    repeated: bool = False

    @property
    def done(self) -> bool:
        """Whether the customer has the voucher."""
        return self.outcome is not None and self.outcome.done


def open_publication(*, actor: Actor, batch_id: int, name: str, at: datetime) -> Publication:
    """The publication of this name for a batch; the same name again finds it.

    Raises `batch_unknown`, `batch_by_code`, `value_invalid`.
    """
    require(actor, ISSUE)
    batch = batch_by_id(actor, batch_id)
    if batch.by_code:
        raise _by_code(batch.id)
    name = cells.accepted(read_name, name, zh="名称", en="name")
    publication, _ = Publication.objects.get_or_create(
        batch=batch, name=name, defaults={"created_at": at}
    )
    return publication


def publication_by_id(actor: Actor, publication_id: int) -> Publication:
    """The publication with its batch; raises `publication_unknown`."""
    publication = _visible(actor).filter(id=publication_id).first()
    if publication is None:
        raise KaquanError(
            "publication_unknown",
            zh=f"没有发放任务“{publication_id}”，或不在您的管辖范围内。",
            en=f'There is no publication "{publication_id}", or not in your part.',
        )
    return publication


def publications(
    actor: Actor, *, batch_id: int | None = None, before_id: int | None = None, limit: int = 50
) -> Sequence[Publication]:
    """Publications with their batches, the newest first; the next page begins before the last
    one's id."""
    rows = _visible(actor)
    if batch_id is not None:
        rows = rows.filter(batch_id=batch_id)
    if before_id is not None:
        rows = rows.filter(id__lt=before_id)
    return list(rows.order_by("-id")[: min(limit, LIST_MAX)])


def assign_to(
    *,
    actor: Actor,
    publication: Publication,
    numbers: Sequence[str],
    at: datetime,
    dry: bool = False,
) -> list[Assignment]:
    """Give each customer a voucher, at most `CUSTOMERS_MAX` at once; one answer for each number.

    A number that stands there twice is answered twice and gets one voucher. With ``dry`` nothing is
    booked. Raises `permission_denied`.
    """
    require(actor, ISSUE)
    assert len(numbers) <= CUSTOMERS_MAX, len(numbers)
    remaining = iter(numbers)
    answers: list[Assignment] = []
    while some := list(islice(remaining, _COMMANDS_AT_ONCE)):
        answers += _assign_some(actor, publication, some, at, dry=dry)
    return answers


def _assign_some(
    actor: Actor, publication: Publication, numbers: Sequence[str], at: datetime, *, dry: bool
) -> Iterator[Assignment]:
    ids = recipient_ids(actor, set(numbers))
    keys = {number: _key(publication, ids[number]) for number in numbers if number in ids}
    known = answers_given(reading_session(), set(keys.values()), Assign.operation)
    fresh = [number for number, key in keys.items() if key not in known]
    outcomes = dict(zip(fresh, _submit(actor, publication, keys, fresh, at, dry=True), strict=True))
    if not dry:
        accepted = [number for number in fresh if outcomes[number].done]
        # Others may have come first since a moment ago, so these answers count.
        outcomes.update(
            zip(accepted, _submit(actor, publication, keys, accepted, at, dry=False), strict=True)
        )
    told: set[str] = set()
    for number in numbers:
        if number not in keys:
            yield Assignment(number, None)
            continue
        outcome = outcomes.get(number) or known[keys[number]]
        yield Assignment(number, outcome, repeated=number not in outcomes or number in told)
        told.add(number)


def _submit(
    actor: Actor,
    publication: Publication,
    keys: dict[str, RequestKey],
    numbers: Sequence[str],
    at: datetime,
    *,
    dry: bool,
) -> list[Outcome]:
    if not numbers:
        return []
    visits = [(Visit(customer_number=number, channel=CHANNEL), at) for number in numbers]
    commands = [
        Assign(
            at=at,
            key=keys[number],
            batch_id=publication.batch_id,
            facts=facts,
        )
        for number, facts in zip(numbers, gather_many(actor, visits), strict=True)
    ]
    return submit(commands, actor=actor, dry=dry)


def _key(publication: Publication, customer_id: int) -> RequestKey:
    return RequestKey(INTERNAL_CLIENT, f"publication:{publication.id}:{customer_id}")


def _visible(actor: Actor) -> QuerySet[Publication]:
    rows = Publication.objects.select_related("batch")
    return within(actor, rows, "batch__campaign__organisation")


def _by_code(batch_id: int) -> KaquanError:
    return KaquanError(
        "batch_by_code",
        zh=f"批次 {batch_id} 凭券码使用，不能按名单发放；请用从库存领取的批次。",
        en=f"The vouchers of batch {batch_id} are named by their codes; "
        "to give some to a list of customers, use a batch that is claimed from stock.",
    )
