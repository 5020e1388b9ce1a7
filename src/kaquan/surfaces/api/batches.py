"""Batches over HTTP: opened, minted on, made live, handed over, paused and stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from ninja import Query
from pydantic import Field

from kaquan.analytics.queries import funnels
from kaquan.campaigns import actions, queries, supply
from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.fields import QUANTITY_MAX
from kaquan.engine.rows import Custody
from kaquan.engine.shards import SERIAL_END
from kaquan.foundation import clock
from kaquan.ledger.balances import Supply, custody_runs
from kaquan.ledger.sessions import reading_session
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import Answer, Body, Flag, Name, NodeId, PathNodeId

routes = Routes("batches", zh="批次", en="Batches")

VIEW = "campaigns.view"
Quantity = Annotated[int, Field(strict=True, ge=1, le=QUANTITY_MAX)]
Serial = Annotated[int, Field(strict=True, ge=0, lt=SERIAL_END)]
Reason = Annotated[str, Field(max_length=1_000)]
State = Literal["running", "paused", "stopped"]
Standing = Literal["planned", "running", "paused", "stopped"]
NOTHING = Supply("running", 0, 0)


class BatchAnswer(Answer):
    """A quantity of vouchers under one version of an offer.

    `stock_left` may still be claimed; a batch `by_code` has none, its vouchers are named by their
    codes. `figures` are totals over all days: minted, issued, redeemed, reversed, expired, void
    and sums in fen; what was booked is in them within a second.
    """

    id: int
    name: str
    campaign_id: int
    offer_id: int
    version_id: int
    budget_id: int | None
    by_code: bool
    state: Standing
    minted: int
    stock_left: int
    figures: dict[str, int]


class BatchBody(Body):
    """A new batch with its first vouchers; `active` false: they are dead until activated."""

    campaign_id: NodeId
    name: Name
    version_id: NodeId
    quantity: Quantity
    budget_id: NodeId | None = None
    by_code: Flag = False
    active: Flag = True


class MintBody(Body):
    """How many more."""

    quantity: Quantity


class RangeBody(Body):
    """Vouchers with neighbouring serials."""

    first_serial: Serial
    quantity: Quantity


class AllotBody(RangeBody):
    """A range that goes from one organisation to another; 0 is the batch's own custody."""

    organisation_id: Annotated[int, Field(strict=True, ge=0, lt=2**31)]
    from_organisation_id: Annotated[int, Field(strict=True, ge=0, lt=2**31)] = 0


class StateBody(Body):
    """`paused`: nothing is issued or used; `stopped`: nothing more is issued, for good."""

    state: State
    reason: Reason = ""


class RangeAnswer(Answer):
    """The serials that it was done for."""

    first_serial: int
    quantity: int


class RunAnswer(Answer):
    """Neighbouring serials in one place; `organisation_id` 0 is the batch's own custody."""

    first_serial: int
    quantity: int
    active: bool
    organisation_id: int


def _shown(
    batch: CampaignBatch, supplies: Mapping[int, Supply], figures: Mapping[int, Mapping[str, int]]
) -> BatchAnswer:
    stands = supplies.get(batch.id, NOTHING)
    return BatchAnswer(
        id=batch.id,
        name=batch.name,
        campaign_id=batch.campaign_id,
        offer_id=batch.offer_version.offer_id,
        version_id=batch.offer_version_id,
        budget_id=batch.budget_id,
        by_code=batch.by_code,
        state=cast("Standing", stands.state),
        minted=stands.minted,
        stock_left=stands.stock_left,
        figures=dict(figures.get(batch.id, {})),
    )


def _of_now(request: Request, batch_id: int) -> BatchAnswer:
    batch = queries.batch_by_id(request.call.actor, batch_id)
    return _shown(batch, queries.supplies_of([batch.id]), funnels([batch.id]))


def _range(serials: supply.SerialRange) -> RangeAnswer:
    return RangeAnswer(first_serial=serials.first_serial, quantity=serials.quantity)


@routes.get(
    "/batches",
    permission=VIEW,
    answer=page_of(BatchAnswer),
    zh="列出批次",
    en="List batches",
    query={"campaign_id": 1},
    problems=("campaign_unknown", "cursor_invalid"),
)
def list_batches(
    request: Request, paging: Query[PageQuery], campaign_id: PathNodeId | None = None
) -> dict[str, Any]:
    """The batches of one campaign or of all, the newest first."""
    actor = request.call.actor
    (before_id,) = paging.after(int) or (None,)
    if campaign_id is not None:
        queries.campaign_by_id(actor, campaign_id)
    rows = queries.campaign_batches(actor, campaign_id, before_id=before_id, limit=paging.rows)
    ids = [batch.id for batch in rows]
    supplies, figures = queries.supplies_of(ids), funnels(ids)
    return page(
        rows,
        paging,
        key=lambda batch: (batch.id,),
        show=lambda batch: _shown(batch, supplies, figures),
    )


@routes.post(
    "/batches",
    permission=actions.PERMISSION,
    answer=BatchAnswer,
    status=201,
    repeatable=True,
    zh="新建批次并制券",
    en="Open a batch and mint it",
    about="The offer's version is fixed from then on. A batch of any size takes the same time.",
    example={"campaign_id": 1, "name": "第一批", "version_id": 1, "quantity": 100_000,
             "budget_id": 1, "by_code": False},
    problems=("campaign_unknown", "offer_unknown", "budget_unknown", "batch_exists",
              "range_not_available", "malformed_command", "approval_required",
              "campaign_state_wrong", "campaign_full", "terms_unlawful"),
)  # fmt: skip
def create_batch(request: Request, body: BatchBody) -> BatchAnswer:
    """A new batch."""
    batch = actions.add_batch(actor=request.call.actor, at=clock.now(), **body.model_dump())
    return _of_now(request, batch.id)


@routes.get(
    "/batches/{batch_id}",
    permission=VIEW,
    answer=BatchAnswer,
    zh="查看批次",
    en="Get a batch",
    problems=("batch_unknown",),
)
def get_batch(request: Request, batch_id: PathNodeId) -> BatchAnswer:
    """One batch with its state, stock and figures."""
    return _of_now(request, batch_id)


@routes.post(
    "/batches/{batch_id}/mint",
    permission=actions.PERMISSION,
    answer=RangeAnswer,
    repeatable=True,
    zh="加制券",
    en="Mint more vouchers",
    example={"quantity": 5_000},
    problems=("batch_unknown", "batch_stopped", "range_not_available", "malformed_command",
              "approval_required", "batch_planned"),
)  # fmt: skip
def mint_vouchers(request: Request, batch_id: PathNodeId, body: MintBody) -> RangeAnswer:
    """More vouchers."""
    serials = supply.mint(
        actor=request.call.actor,
        batch_id=batch_id,
        quantity=body.quantity,
        at=clock.now(),
        request_key=request.call.request_key,
    )
    return _range(serials)


@routes.post(
    "/batches/{batch_id}/activate",
    permission=actions.PERMISSION,
    answer=RangeAnswer,
    repeatable=True,
    zh="激活一段券",
    en="Make a range of vouchers live",
    example={"first_serial": 64, "quantity": 10},
    problems=("batch_unknown", "range_not_available", "malformed_command", "batch_planned"),
)
def activate_vouchers(request: Request, batch_id: PathNodeId, body: RangeBody) -> RangeAnswer:
    """Vouchers made live."""
    serials = supply.activate(
        actor=request.call.actor,
        batch_id=batch_id,
        serials=supply.SerialRange(body.first_serial, body.quantity),
        at=clock.now(),
        request_key=request.call.request_key,
    )
    return _range(serials)


@routes.post(
    "/batches/{batch_id}/allot",
    permission=actions.PERMISSION,
    answer=RangeAnswer,
    repeatable=True,
    zh="调拨一段券",
    en="Hand a range of vouchers over",
    example={"first_serial": 64, "quantity": 10, "organisation_id": 1},
    problems=("batch_unknown", "organisation_unknown", "range_not_available",
              "malformed_command", "batch_planned"),
)  # fmt: skip
def allot_vouchers(request: Request, batch_id: PathNodeId, body: AllotBody) -> RangeAnswer:
    """Vouchers handed over."""
    serials = supply.allot(
        actor=request.call.actor,
        batch_id=batch_id,
        serials=supply.SerialRange(body.first_serial, body.quantity),
        organisation_id=body.organisation_id,
        from_organisation_id=body.from_organisation_id,
        at=clock.now(),
        request_key=request.call.request_key,
    )
    return _range(serials)


@routes.post(
    "/batches/{batch_id}/state",
    permission=actions.PERMISSION,
    answer=BatchAnswer,
    repeatable=True,
    zh="暂停、恢复或停止批次",
    en="Pause, resume or stop a batch",
    about="Once a pause is answered no use can succeed any more. To freeze a batch is to pause it "
    "with a reason.",
    example={"state": "paused", "reason": "调查异常核销"},
    problems=("batch_unknown", "batch_stopped", "batch_planned", "campaign_not_running"),
)
def set_batch_state(request: Request, batch_id: PathNodeId, body: StateBody) -> BatchAnswer:
    """Whether a batch runs."""
    supply.set_batch_state(
        actor=request.call.actor,
        batch_id=batch_id,
        state=body.state,
        reason=body.reason,
        at=clock.now(),
        request_key=request.call.request_key,
    )
    return _of_now(request, batch_id)


@routes.get(
    "/batches/{batch_id}/custody",
    permission=VIEW,
    answer=page_of(RunAnswer),
    zh="查看券的保管",
    en="See who holds a batch's vouchers",
    problems=("batch_unknown", "cursor_invalid"),
)
def list_custody(
    request: Request, batch_id: PathNodeId, paging: Query[PageQuery]
) -> dict[str, Any]:
    """In whose hands untouched vouchers are and whether they are live, in order of serials."""
    batch = queries.batch_by_id(request.call.actor, batch_id)
    (after,) = paging.after(int) or (-1,)
    rows = custody_runs(reading_session(), batch.id, after_serial=after, limit=paging.rows)

    def show(run: Custody) -> RunAnswer:
        return RunAnswer(
            first_serial=run.first_serial,
            quantity=run.quantity,
            active=run.active,
            organisation_id=run.organisation_id,
        )

    return page(rows, paging, key=lambda run: (run.first_serial,), show=show)
