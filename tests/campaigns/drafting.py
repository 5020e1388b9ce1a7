"""Drafts for tests: complete ones, and ways to change and hand them in."""

from __future__ import annotations

from typing import Any

from kaquan.approvals.models import ApprovalRequest
from kaquan.campaigns.draft_submission import submit_draft
from kaquan.campaigns.drafts import begin_draft, save_draft
from kaquan.campaigns.models import CampaignDraft
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor, ActorKind
from kaquan.organisations.models import Organisation
from tests.builders.issuer import a_number

#: Everything that a draft with the template 满减券 does not say by itself.
COMPLETE = {"name": "夏日满减", "quantity": "1,000", "batch_name": "第一批"}


def a_person(organisation: Organisation | None, number: int = 1, *permissions: str) -> Actor:
    """One of several people of a part of the tree."""
    return Actor(
        kind=ActorKind.STAFF,
        id=f"staff:{number}",
        name=f"员工{number}",
        permissions=frozenset(
            permissions
            or {
                "campaigns.edit", "campaigns.view", "campaigns.approve", "offers.edit",
                "offers.view", "budgets.view", "organisations.view", "approvals.view",
            }
        ),
        organisation_path=organisation.path if organisation else "",
    )  # fmt: skip


def changed(actor: Actor, draft: CampaignDraft, **changes: Any) -> CampaignDraft:
    """A draft with other texts in some fields."""
    return save_draft(
        actor=actor,
        draft_id=draft.id,
        revision=draft.revision,
        changes=changes,
        step="basics",
        at=clock.now(),
    )


def a_draft(actor: Actor, template: str = "amount-off", **changes: Any) -> CampaignDraft:
    """A draft that could be handed in."""
    draft = begin_draft(actor=actor, template=template, at=clock.now())
    return changed(actor, draft, **{"code": a_number("hd-"), **COMPLETE, **changes})


def handed_in(actor: Actor, draft: CampaignDraft) -> ApprovalRequest:
    """The request for a draft as it is."""
    draft.refresh_from_db()
    return submit_draft(actor=actor, draft_id=draft.id, revision=draft.revision, at=clock.now())
