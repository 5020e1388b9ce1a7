"""The event feed over HTTP: pages, and a stream for those who stay."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import Header, Query, Schema
from pydantic import Field

from kaquan.campaigns.queries import batch_by_id
from kaquan.integrations.event_types import EVENT_TYPES, OPTIONAL
from kaquan.integrations.feed import LIMIT_MAX, VIEW, events_after, newest_position
from kaquan.integrations.positions import TEXT_MAX, Position, parse_position
from kaquan.integrations.telling import Selection, known_types, may_name_customers
from kaquan.ledger.sessions import reading_session
from kaquan.organisations.queries import organisation_by_id, store_by_code
from kaquan.surfaces.api.event_stream import event_stream
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.operations import JSON
from kaquan.surfaces.api.schemas import PLAIN_DIGITS, Answer, Code, Moment, PathNodeId, ShortCode

routes = Routes("events", zh="事件", en="Events")

EVENT_STREAM = "text/event-stream"
Cursor = Annotated[str, Field(max_length=TEXT_MAX)]


class EventAnswer(Answer):
    """Something that happened. `id` is the same for ever, and of one voucher `version` counts up;
    `store` and `customer` are their code and number, the latter for keys that may see customers
    (`customers.view`). What `data` holds depends on `type`."""

    id: str
    type: str
    at: Moment
    booked_at: Moment
    store: str | None
    batch_id: int | None
    budget_id: int | None
    serial: int | None
    version: int | None
    customer: str | None
    data: dict[str, Any]


class EventPageAnswer(Answer):
    """Events in order. `position` is where to go on, now or later; `next_cursor` is the same while
    there is more already, else null."""

    items: list[EventAnswer]
    next_cursor: str | None
    position: str


class EventTypeAnswer(Answer):
    """A type of event in words. An `optional` one comes only to those who name it."""

    name: str
    zh: str
    en: str
    optional: bool


class EventTypesAnswer(Answer):
    """All types of events that there are."""

    items: list[EventTypeAnswer]


class EventQuery(Schema):
    """Which events. Without types: all but the optional ones."""

    types: Annotated[list[ShortCode], Field(default_factory=list, max_length=50)]
    batch_ids: Annotated[list[PathNodeId], Field(default_factory=list, max_length=100)]
    under_id: PathNodeId | None = None
    store: Code | None = None
    cursor: Cursor | None = None
    start: Literal["oldest", "now"] | None = None
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX), PLAIN_DIGITS] = 50


@routes.get(
    "/events",
    permission=VIEW,
    answer=EventPageAnswer,
    zh="读取事件",
    en="Read events",
    about="Everything that was booked, each voucher's changes in order. As pages: begin with the "
    "oldest, or with `start=now`, and go on with the last answer's `position` as `cursor`. With "
    "`Accept: text/event-stream` as a stream without end, from now on or after `Last-Event-ID` "
    "(or `cursor`); each event's `id` there is its position. `under_id` and `store` narrow it to "
    "a part of the organisation: what happened in its stores, or to its own batches and budgets.",
    query={"types": ["voucher.redeemed"], "under_id": 1, "store": "S001", "limit": 20},
    problems=("cursor_invalid", "value_invalid", "organisation_unknown", "store_unknown",
              "batch_unknown"),
)  # fmt: skip
def list_events(
    request: Request,
    wanted: Query[EventQuery],
    last_event_id: Annotated[Cursor | None, Header(alias="Last-Event-ID")] = None,
) -> HttpResponseBase:
    """A page of events, or the stream of them."""
    selection = _selection(request, wanted)
    streams = EVENT_STREAM in request.headers.get("accept", "")
    after = (last_event_id if streams else None) or wanted.cursor
    position = parse_position(after) if after else None
    if position is None and (wanted.start == "oldest" or not (streams or wanted.start)):
        position = Position()
    if streams:
        return _streamed(request, selection, position)
    session = reading_session()
    page = events_after(
        session,
        actor=request.call.actor,
        selection=selection,
        position=position or newest_position(session),
        limit=wanted.limit,
    )
    goes_on = page.position.text()
    items = b",".join(told.body_for(selection) for told, _ in page.events)
    next_cursor = f'"{goes_on}"' if page.more else "null"
    tail = f'],"next_cursor":{next_cursor},"position":"{goes_on}"}}'
    return HttpResponse(b'{"items":[' + items + tail.encode(), content_type=JSON)


@routes.get(
    "/event-types",
    permission=VIEW,
    answer=EventTypesAnswer,
    zh="列出事件类型",
    en="List the types of events",
)
def list_event_types(request: Request) -> EventTypesAnswer:  # noqa: ARG001  # a view has one
    """What may happen, in words."""
    return EventTypesAnswer(
        items=[
            EventTypeAnswer(name=name, zh=text.zh, en=text.en, optional=name in OPTIONAL)
            for name, text in EVENT_TYPES.items()
        ]
    )


def _selection(request: Request, wanted: EventQuery) -> Selection:
    actor = request.call.actor
    path = actor.organisation_path
    if wanted.under_id is not None:
        path = organisation_by_id(actor, wanted.under_id).path
    if wanted.store is not None:
        within = store_by_code(actor, wanted.store).organisation.path
        # A store elsewhere than below `under_id`: no path begins so, nothing happened in both.
        path = within if within.startswith(path) else f"{path}-"
    for batch_id in wanted.batch_ids:
        batch_by_id(actor, batch_id)
    return Selection(
        path,
        known_types(wanted.types),
        frozenset(wanted.batch_ids),
        may_name_customers(actor),
    )


def _streamed(
    request: Request, selection: Selection, position: Position | None
) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        event_stream(request, selection, position), content_type=f"{EVENT_STREAM}; charset=utf-8"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must not collect events first
    return response
