"""Giving a batch's vouchers to lists of customers, over HTTP."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from ninja import Query
from pydantic import Field

from kaquan.engine.outcome_details import Language, sentence
from kaquan.foundation import clock
from kaquan.redemption.actions import ISSUE
from kaquan.redemption.imports_orders import CUSTOMER_UNKNOWN
from kaquan.redemption.models import Publication
from kaquan.redemption.publication_jobs import ask_for_assignments
from kaquan.redemption.publications import (
    CUSTOMERS_MAX,
    Assignment,
    assign_to,
    open_publication,
    publication_by_id,
    publications,
)
from kaquan.surfaces.api.jobs import JobAnswer
from kaquan.surfaces.api.jobs import shown as shown_job
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import Answer, Body, Moment, Name, NodeId, PathNodeId

routes = Routes("assignments", zh="按名单发放", en="Assignments")

VIEW = "campaigns.view"
LIST_BYTES_MAX = 16 * 1024 * 1024
Number = Annotated[str, Field(min_length=1, max_length=64)]


class PublicationAnswer(Answer):
    """A name under which a batch goes to a list of customers: nobody gets two under one name."""

    id: int
    batch_id: int
    name: str
    created_at: Moment


class PublicationBody(Body):
    """A batch that is claimed from stock, and a name."""

    batch_id: NodeId
    name: Name


class CustomersBody(Body):
    """The customers, by their numbers."""

    customers: Annotated[list[Number], Field(min_length=1, max_length=CUSTOMERS_MAX)]


class AssignmentAnswer(Answer):
    """What became of one customer. `code` is `done` or why not; `repeated`: had it before."""

    customer: str
    code: str
    detail: str
    serial: int | None
    repeated: bool


class AssignmentsAnswer(Answer):
    """How many got a voucher, how many had theirs before, how many were refused and why."""

    assigned: int
    repeated: int
    refused: dict[str, int]
    items: list[AssignmentAnswer]


def _shown(publication: Publication) -> PublicationAnswer:
    return PublicationAnswer(
        id=publication.id,
        batch_id=publication.batch_id,
        name=publication.name,
        created_at=publication.created_at,
    )


def _told(answer: Assignment, language: Language) -> AssignmentAnswer:
    outcome = answer.outcome
    if outcome is None:
        code, detail = CUSTOMER_UNKNOWN.code, getattr(CUSTOMER_UNKNOWN, language)
    else:
        code, detail = outcome.code.name.lower(), sentence(outcome.code, outcome.data, language)
    serial = outcome.vouchers[0].serial if outcome and outcome.vouchers else None
    return AssignmentAnswer(
        customer=answer.number, code=code, detail=detail, serial=serial, repeated=answer.repeated
    )


@routes.get(
    "/publications",
    permission=VIEW,
    answer=page_of(PublicationAnswer),
    zh="列出发放任务",
    en="List publications",
    query={"batch_id": 1},
    problems=("cursor_invalid",),
)
def list_publications(
    request: Request, paging: Query[PageQuery], batch_id: PathNodeId | None = None
) -> dict[str, Any]:
    """Publications, the newest first."""
    (before_id,) = paging.after(int) or (None,)
    rows = publications(
        request.call.actor, batch_id=batch_id, before_id=before_id, limit=paging.rows
    )
    return page(rows, paging, key=lambda publication: (publication.id,), show=_shown)


@routes.post(
    "/publications",
    permission=ISSUE,
    answer=PublicationAnswer,
    status=201,
    zh="建立发放任务",
    en="Open a publication",
    about="The same name for the same batch finds the one that is there.",
    example={"batch_id": 1, "name": "2027 春节会员礼"},
    problems=("batch_unknown", "batch_by_code"),
)
def create_publication(request: Request, body: PublicationBody) -> PublicationAnswer:
    """A name to give vouchers under."""
    publication = open_publication(
        actor=request.call.actor, batch_id=body.batch_id, name=body.name, at=clock.now()
    )
    return _shown(publication)


@routes.post(
    "/publications/{publication_id}/assignments",
    permission=ISSUE,
    answer=AssignmentsAnswer,
    repeatable=True,
    zh="给一批会员发券",
    en="Give customers a voucher each",
    about="At most 1,000 at once; `POST /publications/{publication_id}/lists` takes a file. Each "
    "is answered alone. Those who have theirs under this name get no second one, so a list may be "
    "sent again (with another Idempotency-Key) once what was in the way is mended.",
    example={"customers": ["M0001", "M0002"]},
    problems=("publication_unknown",),
    cost=20,
)
def assign_vouchers(
    request: Request, publication_id: PathNodeId, body: CustomersBody
) -> AssignmentsAnswer:
    """Vouchers for some customers."""
    actor, language = request.call.actor, request.call.language
    answers = assign_to(
        actor=actor,
        publication=publication_by_id(actor, publication_id),
        numbers=body.customers,
        at=clock.now(),
    )
    items = [_told(answer, language) for answer in answers]
    return AssignmentsAnswer(
        assigned=sum(answer.done and not answer.repeated for answer in answers),
        repeated=sum(answer.done and answer.repeated for answer in answers),
        refused=dict(Counter(one.code for one in items if one.code != "done")),
        items=items,
    )


@routes.post(
    "/publications/{publication_id}/lists",
    permission=ISSUE,
    answer=JobAnswer,
    status=202,
    media_types=("text/csv",),
    body_bytes_max=LIST_BYTES_MAX,
    zh="上传名单发券",
    en="Give vouchers to a file of customers",
    about="A CSV file with the column `customer_number` (会员号), up to a million rows. The answer "
    "is a job; its result counts who was given one and who was refused and why, its file lists "
    "the rows that were refused.",
    example="customer_number\nM0001\nM0002\n",
    problems=("publication_unknown", "jobs_too_many"),
    cost=20,
)
def assign_to_list(request: Request, publication_id: PathNodeId) -> JobAnswer:
    """Vouchers for a file of customers."""
    call = request.call
    job = ask_for_assignments(
        actor=call.actor,
        publication_id=publication_id,
        content=request.body,
        client_id=call.caller.client_id,
    )
    return shown_job(request, job)
