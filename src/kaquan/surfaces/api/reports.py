"""Reports over HTTP: daily figures, and reconciliation files from the books."""

from __future__ import annotations

import base64
import tempfile
from datetime import date
from typing import Annotated, Any, BinaryIO, Literal, cast

import msgspec
from django.http.response import HttpResponseBase
from ninja import Query, Schema
from pydantic import Field

from kaquan.analytics import reconciliation
from kaquan.analytics.queries import DAYS_MAX, REPORTS, Daily, Days, daily_by_batch, daily_by_store
from kaquan.analytics.reconciliation import Ask, Manifest, write_reconciliation
from kaquan.analytics.reconciliation_jobs import ask_for_reconciliation
from kaquan.foundation.configuration import current_configuration
from kaquan.organisations.queries import store_by_code, store_codes
from kaquan.surfaces.api.entries import Day
from kaquan.surfaces.api.jobs import JobAnswer
from kaquan.surfaces.api.jobs import shown as shown_job
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, encoded_cursor, page_of
from kaquan.surfaces.api.refusing import CallRefusedError
from kaquan.surfaces.api.schemas import Answer, Body, PathNodeId, ShortCode
from kaquan.surfaces.api.streams import parts_of, streamed

routes = Routes("reports", zh="报表与对账", en="Reports and reconciliation")

Detail = Literal["lines", "summary"]
Funder = Annotated[ShortCode, Field(description="a funder's code; `issuer` for the issuer")]
_RECONCILIATION = (
    "What stores are owed for uses, and what refunds took back, by the day of booking in the "
    "issuer's time zone; made from the books each time, for today as well, and for a past day the "
    "same byte for byte. `lines`: one line for each entry; `summary`: one for each store and "
    "funder. The last lines are totals."
)
_PROBLEMS = ("store_unknown", "funder_unknown", "value_invalid")
_MEMORY_BYTES = 1 << 20


class DailyBatchAnswer(Answer):
    """What happened on one business day in one batch; null: in none."""

    day: date
    batch_id: int | None
    figures: dict[str, int]


class DailyStoreAnswer(Answer):
    """What happened on one business day in one store."""

    day: date
    store: str
    figures: dict[str, int]


class DaysQuery(PageQuery):
    """Which page, and of which business days: from the first to the last, both included."""

    first_day: Day
    last_day: Day

    @property
    def days(self) -> Days:
        """The days; raises the problem `malformed_request` for too many or none."""
        if not 0 <= (self.last_day - self.first_day).days < DAYS_MAX:
            remedy = f"first_day … last_day: 1 to {DAYS_MAX} days"
            raise CallRefusedError("malformed_request", remedy=remedy)
        return Days(self.first_day, self.last_day)

    @property
    def last_seen(self) -> tuple[date, int] | None:
        """Where the page before ended; raises the problem `cursor_invalid`."""
        keys = self.after(int, int)
        if keys is None:
            return None
        try:
            return date.fromordinal(keys[0]), keys[1]
        except (ValueError, OverflowError):
            raise CallRefusedError("cursor_invalid") from None


class ReconciliationBody(Body):
    """Which file."""

    day: Day
    detail: Detail = "lines"
    store: ShortCode | None = None
    funder: Funder | None = None

    @property
    def ask(self) -> Ask:
        """As the capability has it."""
        return _ask(self)


class ReconciliationQuery(Schema):
    """Which file."""

    day: Day
    detail: Detail = "lines"
    store: ShortCode | None = None
    funder: Funder | None = None

    @property
    def ask(self) -> Ask:
        """As the capability has it."""
        return _ask(self)


class ManifestAnswer(Answer):
    """What a file holds, and its SHA-256. `final`: the day is over and the file will never be
    another."""

    day: date
    time_zone: str
    detail: Detail
    store: str | None
    funder: str | None
    final: bool
    uses: int
    uses_fen: int
    refunds: int
    refunds_fen: int
    net_fen: int
    bytes: int
    sha256: str


def _ask(asked: ReconciliationQuery | ReconciliationBody) -> Ask:
    return Ask(day=asked.day, detail=asked.detail, store_code=asked.store, funder_code=asked.funder)


def _page(rows: list[Daily], query: DaysQuery, items: list[Any]) -> dict[str, Any]:
    more = len(rows) > query.limit
    last = rows[query.limit - 1] if more else None
    return {
        "items": items[: query.limit],
        "next_cursor": encoded_cursor(last.day.toordinal(), last.subject_id) if last else None,
    }


@routes.get(
    "/reports/batches",
    permission=REPORTS,
    answer=page_of(DailyBatchAnswer),
    zh="按日、按批次的数据",
    en="Daily figures by batch",
    about="What was booked is in them within a second; `…_fen` are sums, the others count.",
    query={"first_day": "2026-11-01", "last_day": "2027-10-31", "batch_id": 1},
    problems=("cursor_invalid",),
)
def report_batches(
    request: Request, paging: Query[DaysQuery], batch_id: PathNodeId | None = None
) -> dict[str, Any]:
    """Days of batches."""
    rows = list(
        daily_by_batch(
            request.call.actor,
            paging.days,
            batch_id=batch_id,
            after=paging.last_seen,
            limit=paging.rows,
        )
    )
    items = [
        DailyBatchAnswer(day=one.day, batch_id=one.subject_id or None, figures=dict(one.figures))
        for one in rows
    ]
    return _page(rows, paging, items)


@routes.get(
    "/reports/stores",
    permission=REPORTS,
    answer=page_of(DailyStoreAnswer),
    zh="按日、按门店的数据",
    en="Daily figures by store",
    query={"first_day": "2026-11-01", "last_day": "2027-10-31", "store": "S001"},
    problems=("store_unknown", "cursor_invalid"),
)
def report_stores(
    request: Request, paging: Query[DaysQuery], store: ShortCode | None = None
) -> dict[str, Any]:
    """Days of stores."""
    actor = request.call.actor
    rows = list(
        daily_by_store(
            actor,
            paging.days,
            store_id=store_by_code(actor, store).organisation_id if store else None,
            after=paging.last_seen,
            limit=paging.rows,
        )
    )
    codes = store_codes(actor, {one.subject_id for one in rows})
    items = [
        DailyStoreAnswer(
            day=one.day, store=codes.get(one.subject_id, ""), figures=dict(one.figures)
        )
        for one in rows
    ]
    return _page(rows, paging, items)


@routes.get(
    "/reports/reconciliation",
    permission=reconciliation.PERMISSION,
    answer=None,
    answer_media_type="text/csv",
    zh="对账文件",
    en="A reconciliation file",
    about=_RECONCILIATION + " `X-Content-SHA256` and `Content-Digest` are its hash.",
    query={"day": "2026-11-26", "detail": "summary", "store": "S001"},
    problems=_PROBLEMS,
    cost=20,
)
def read_reconciliation(request: Request, asked: Query[ReconciliationQuery]) -> HttpResponseBase:
    """The file, in parts."""
    # Made before it is sent: the hash stands in front. What is long waits on the disk.
    spooled = tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES)  # noqa: SIM115  # closed below
    file = cast("BinaryIO", spooled)
    try:
        manifest = _written(request, asked.ask, file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    name = f"kaquan-{manifest.day}-{manifest.detail}.csv"
    return streamed(
        request,
        parts_of(file),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Length": str(manifest.bytes),
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-SHA256": manifest.sha256,
            "Content-Digest": f"sha-256=:{_base64(manifest.sha256)}:",
            "X-Kaquan-Final": "true" if manifest.final else "false",
        },
    )


@routes.get(
    "/reports/reconciliation/manifest",
    permission=reconciliation.PERMISSION,
    answer=ManifestAnswer,
    zh="对账文件清单",
    en="What a reconciliation file holds",
    about="The file's totals and its SHA-256, without the file.",
    query={"day": "2026-11-26", "detail": "summary", "store": "S001"},
    problems=_PROBLEMS,
    cost=20,
)
def get_manifest(request: Request, asked: Query[ReconciliationQuery]) -> ManifestAnswer:
    """A file's manifest."""
    with tempfile.TemporaryFile() as file:
        manifest = _written(request, asked.ask, file)
    return ManifestAnswer.model_validate(msgspec.structs.asdict(manifest))


@routes.post(
    "/reports/reconciliation/jobs",
    permission=reconciliation.PERMISSION,
    answer=JobAnswer,
    status=202,
    zh="后台生成对账文件",
    en="Write a reconciliation file in the background",
    about="For days with millions of lines. The job's result is the manifest, its file the file.",
    example={"day": "2026-11-26", "detail": "lines", "store": "S001"},
    problems=("store_unknown", "funder_unknown", "jobs_too_many"),
    cost=20,
)
def start_reconciliation(request: Request, body: ReconciliationBody) -> JobAnswer:
    """A file in the background."""
    call = request.call
    if body.store is not None:
        store_by_code(call.actor, body.store)
    job = ask_for_reconciliation(actor=call.actor, ask=body.ask, client_id=call.caller.client_id)
    return shown_job(request, job)


def _written(request: Request, ask: Ask, file: BinaryIO) -> Manifest:
    actor = request.call.actor
    if ask.store_code is not None:
        store_by_code(actor, ask.store_code)
    zone = current_configuration().time_zone
    return write_reconciliation(file, actor=actor, ask=ask, zone=zone)


def _base64(digest_hex: str) -> str:
    return base64.b64encode(bytes.fromhex(digest_hex)).decode()
