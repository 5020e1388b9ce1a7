"""Campaigns over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from ninja import Query
from pydantic import Field

from kaquan.campaigns import actions, planning, queries, running
from kaquan.campaigns.listings import campaign_state
from kaquan.campaigns.models import Campaign, CampaignStatus
from kaquan.foundation import clock
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.moments import ToldMoment
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import (
    Answer,
    Body,
    Moment,
    Name,
    NodeId,
    PathNodeId,
    ShortCode,
)

routes = Routes("campaigns", zh="活动", en="Campaigns")

VIEW = "campaigns.view"
State = Literal["draft", "waiting", "approved", "coming", "running", "paused", "stopped", "over"]
Place = Literal["cn", "other"]
Goal = Annotated[str, Field(max_length=2_000)]


class CampaignAnswer(Answer):
    """What vouchers are given away for. `kind` is the issuer's own word; `jurisdiction` is whose
    law on prepaid cards its terms must keep to: mainland China's (`cn`), or none that is checked.

    Of a `draft`, and of one that is `waiting` for an approval, nothing can be had yet; an
    `approved` one starts at its time.
    """

    id: int
    code: str
    name: str
    kind: str
    starts_at: ToldMoment
    ends_at: ToldMoment
    goal: str
    organisation_id: int | None
    state: State
    jurisdiction: Place


class CampaignBody(Body):
    """A new campaign. `jurisdiction`: `cn` refuses terms that mainland China's law on prepaid cards
    does not allow; `other` checks none."""

    code: ShortCode
    name: Name
    kind: Annotated[str, Field(min_length=1, max_length=32)]
    starts_at: Moment
    ends_at: Moment
    goal: Goal = ""
    organisation_id: NodeId | None = None
    jurisdiction: Place = "cn"


class CampaignChange(Body):
    """What to change; fields that are left out stay as they are."""

    name: Name | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    goal: Goal | None = None
    jurisdiction: Place | None = None


class StatusBody(Body):
    """`paused`: nothing is issued or used; `stopped`: nothing more is issued, for good."""

    state: Literal["running", "paused", "stopped"]
    reason: Annotated[str, Field(max_length=1_000)] = ""


def shown(campaign: Campaign) -> CampaignAnswer:
    """A campaign as an answer."""
    return CampaignAnswer(
        id=campaign.id,
        code=campaign.code,
        name=campaign.name,
        kind=campaign.kind,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        goal=campaign.goal,
        organisation_id=campaign.organisation_id,
        state=cast("State", campaign_state(campaign, clock.now())),
        jurisdiction=cast("Place", campaign.jurisdiction),
    )


def _given(body: Body) -> dict[str, Any]:
    """The fields that were sent, as they were read: dumped, moments would be text again."""
    return {name: getattr(body, name) for name in body.model_fields_set}


@routes.get(
    "/campaigns",
    permission=VIEW,
    answer=page_of(CampaignAnswer),
    zh="列出活动",
    en="List campaigns",
    problems=("cursor_invalid",),
)
def list_campaigns(request: Request, paging: Query[PageQuery]) -> dict[str, Any]:
    """The campaigns of the caller's part, the newest first."""
    (before_id,) = paging.after(int) or (None,)
    rows = queries.campaigns(request.call.actor, before_id=before_id, limit=paging.rows)
    return page(rows, paging, key=lambda campaign: (campaign.id,), show=shown)


@routes.post(
    "/campaigns",
    permission=actions.PERMISSION,
    answer=CampaignAnswer,
    status=201,
    zh="新建活动",
    en="Create a campaign",
    example={"code": "spring-2027", "name": "春季拉新", "kind": "拉新",
             "starts_at": "2027-03-01T00:00:00+08:00", "ends_at": "2027-04-01T00:00:00+08:00",
             "goal": "新客一万人", "organisation_id": 1},
    problems=("campaign_exists", "campaign_without_time", "organisation_unknown"),
)  # fmt: skip
def create_campaign(request: Request, body: CampaignBody) -> CampaignAnswer:
    """A new campaign."""
    return shown(actions.create_campaign(actor=request.call.actor, **_given(body)))


@routes.get(
    "/campaigns/{campaign_id}",
    permission=VIEW,
    answer=CampaignAnswer,
    zh="查看活动",
    en="Get a campaign",
    problems=("campaign_unknown",),
)
def get_campaign(request: Request, campaign_id: PathNodeId) -> CampaignAnswer:
    """One campaign."""
    return shown(queries.campaign_by_id(request.call.actor, campaign_id))


@routes.patch(
    "/campaigns/{campaign_id}",
    permission=actions.PERMISSION,
    answer=CampaignAnswer,
    zh="修改活动",
    en="Change a campaign",
    about="Its vouchers keep the days that their terms promise.",
    example={"goal": "新客一万五千人", "ends_at": "2027-05-01T00:00:00+08:00"},
    problems=("campaign_unknown", "campaign_without_time", "campaign_fixed", "terms_unlawful"),
)
def change_campaign(
    request: Request, campaign_id: PathNodeId, body: CampaignChange
) -> CampaignAnswer:
    """A campaign's name, days or goal."""
    actor = request.call.actor
    campaign = actions.update_campaign(actor=actor, campaign_id=campaign_id, **_given(body))
    return shown(campaign)


@routes.post(
    "/campaigns/{campaign_id}/submit",
    permission=actions.PERMISSION,
    answer=CampaignAnswer,
    zh="提交活动审批",
    en="Hand a campaign in",
    about="Where the issuer requires approvals a new campaign is a `draft` with planned batches. "
    "Once people agreed it starts at its time; until then nothing of it can be had.",
    problems=("campaign_unknown", "campaign_not_draft", "campaign_without_batches",
              "campaign_over_already", "terms_unlawful", "approval_open"),
)  # fmt: skip
def submit_campaign(request: Request, campaign_id: PathNodeId) -> CampaignAnswer:
    """A draft that waits for an approval."""
    actor = request.call.actor
    planning.submit_campaign(actor=actor, campaign_id=campaign_id)
    return shown(queries.campaign_by_id(actor, campaign_id))


@routes.post(
    "/campaigns/{campaign_id}/state",
    permission=actions.PERMISSION,
    answer=CampaignAnswer,
    repeatable=True,
    zh="暂停、恢复或停止活动",
    en="Pause, resume or stop a campaign",
    about="With all its batches. Once a pause is answered no use can succeed any more; resumed, "
    "those batches go on that were paused with it.",
    example={"state": "paused", "reason": "调查异常核销"},
    problems=("campaign_unknown", "campaign_state_wrong"),
)
def set_campaign_state(
    request: Request, campaign_id: PathNodeId, body: StatusBody
) -> CampaignAnswer:
    """Whether a campaign runs."""
    campaign = running.set_campaign_status(
        actor=request.call.actor,
        campaign_id=campaign_id,
        status=CampaignStatus(body.state),
        reason=body.reason,
        at=clock.now(),
    )
    return shown(campaign)
