"""Drafts of campaigns: begun, saved at each change, copied, kept as templates.

A save names the revision it was typed on. Where somebody else changed the same field meanwhile,
nothing is written and both texts are told; other fields never get into each other's way.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from kaquan.campaigns import errors
from kaquan.campaigns.actions import PERMISSION
from kaquan.campaigns.draft_copies import content_of_campaign, copied
from kaquan.campaigns.draft_fields import STEP_OF, STEPS
from kaquan.campaigns.draft_queries import EDIT_OFFERS, draft_by_id, is_handed_in
from kaquan.campaigns.draft_reading import TEXT_MAX
from kaquan.campaigns.draft_templates import beginning
from kaquan.campaigns.models import CampaignDraft
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor, require
from kaquan.foundation.changes.actions import record_row
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.queries import own_organisation_id

DRAFTS_MAX = 200
_CODE_BYTES = 2

read_name = cells.text(100)


class DraftMovedError(KaquanError):
    """Somebody changed the same fields meanwhile; ``draft`` is as it stands, ``fields`` differ."""

    def __init__(self, draft: CampaignDraft, fields: tuple[str, ...]) -> None:
        who = draft.changed_by_name
        super().__init__(
            "draft_moved",
            zh=f"{who} 在别处改了同一处内容；您填写的内容没有丢失，请选择保留哪一份。",
            en=f"{who} changed the same fields elsewhere; nothing you typed is lost: choose which"
            " to keep.",
        )
        self.draft = draft
        self.fields = fields


def begin_draft(*, actor: Actor, template: str = "", at: datetime) -> CampaignDraft:
    """Begin with nothing, or with a built-in template; raises `draft_limit`."""
    return _new(actor, {**beginning(template, at), "code": _new_code(at)}, at)


def begin_from_template(*, actor: Actor, draft_id: int, at: datetime) -> CampaignDraft:
    """Begin with what a template (or another draft) holds; its days begin anew.

    Raises `draft_unknown`, `draft_limit`.
    """
    kept: dict[str, str] = copied(draft_by_id(actor, draft_id).content)
    anew = ["starts_at", "ends_at"]
    if kept.get("validity", "fixed_range") == "fixed_range":
        anew += ["first_day", "last_day"]
    usual = beginning("", at)
    days = {name: usual[name] for name in anew}
    return _new(actor, {**kept, **days, "code": _new_code(at)}, at)


def begin_copy(*, actor: Actor, campaign_id: int, at: datetime) -> tuple[CampaignDraft, list[str]]:
    """Begin with a campaign as it is, and tell what of its terms no field can hold.

    Raises `campaign_unknown`, `draft_limit`.
    """
    require(actor, PERMISSION)
    copy = content_of_campaign(actor, campaign_id)
    return _new(actor, {**copy.content, "code": _new_code(at)}, at), list(copy.left_out)


def save_draft(
    *,
    actor: Actor,
    draft_id: int,
    revision: int,
    changes: Mapping[str, str],
    step: str,
    at: datetime,
) -> CampaignDraft:
    """Keep what was typed, whatever it is, and how far they have come; fields that drafts do not
    have are ignored.

    Raises `draft_unknown`, `draft_handed_in`, and `DraftMovedError` where somebody else changed one
    of these fields after that revision.
    """
    with transaction.atomic():
        draft = _open(actor, draft_id)
        kept: dict[str, str] = draft.content
        changed = {
            name: _clean(typed)
            for name, typed in changes.items()
            if name in STEP_OF and _clean(typed) != kept.get(name, "")
        }
        moved = tuple(name for name in changed if draft.touched.get(name, 0) > revision)
        if moved:
            raise DraftMovedError(draft, moved)
        where = max(draft.step, step if step in STEPS else STEPS[0], key=STEPS.index)
        if not changed and where == draft.step:
            return draft
        if changed:
            draft.revision += 1
            draft.content = {
                name: typed for name, typed in {**kept, **changed}.items() if typed != ""
            }
            draft.touched = {**draft.touched, **dict.fromkeys(changed, draft.revision)}
            if not draft.is_template:
                draft.name = draft.content.get("name", "")[:100]
            draft.changed_by_name, draft.changed_at = actor.name, at
        draft.step = where
        draft.save()
        return draft


def keep_as_template(*, actor: Actor, draft_id: int, name: str, at: datetime) -> CampaignDraft:
    """A template of what a draft holds; the draft stays. Raises `draft_unknown`,
    `template_nameless`, `value_invalid`."""
    if not name.strip():
        raise errors.template_nameless()
    title = cells.accepted(read_name, name, zh="名称", en="name")
    with transaction.atomic():
        source = draft_by_id(actor, draft_id)
        template = _new(actor, copied(source.content), at, template_name=title)
        _keep(actor, "templates.create", template)
    return template


def remove_draft(*, actor: Actor, draft_id: int) -> None:
    """Throw a draft or a template away; raises `draft_unknown`, and `draft_handed_in` for what
    became a campaign."""
    with transaction.atomic():
        draft = draft_by_id(actor, draft_id, for_update=True)
        if draft.campaign_id is not None:
            raise errors.draft_handed_in(draft.name)
        if draft.is_template:
            _keep(actor, "templates.remove", draft, gone=True)
        draft.delete()


def _open(actor: Actor, draft_id: int) -> CampaignDraft:
    """A draft, locked, that may still be changed."""
    draft = draft_by_id(actor, draft_id, for_update=True)
    if is_handed_in(draft):
        raise errors.draft_handed_in(draft.name)
    return draft


def _new(
    actor: Actor, content: Mapping[str, str], at: datetime, *, template_name: str = ""
) -> CampaignDraft:
    require(actor, PERMISSION)
    require(actor, EDIT_OFFERS)
    own = CampaignDraft.objects.filter(maker=actor.id, campaign=None)
    if own.values("pk")[: DRAFTS_MAX + 1].count() >= DRAFTS_MAX:
        raise errors.draft_limit(DRAFTS_MAX)
    known = {name: _clean(text) for name, text in content.items() if name in STEP_OF and text}
    return CampaignDraft.objects.create(
        name=template_name or known.get("name", "")[:100],
        is_template=bool(template_name),
        organisation_id=own_organisation_id(actor),
        maker=actor.id,
        maker_name=actor.name,
        content=known,
        step=STEPS[0],
        changed_by_name=actor.name,
        changed_at=at,
    )


def _clean(typed: str) -> str:
    """What the database can hold; browsers send line breaks as two characters."""
    return typed[:TEXT_MAX].replace("\0", "").replace("\r\n", "\n").strip()


def _new_code(at: datetime) -> str:
    """A code that is most likely free; whoever writes the campaign may change it."""
    return f"HD{at:%y%m%d}-{secrets.token_hex(_CODE_BYTES).upper()}"


def _keep(actor: Actor, verb: str, template: CampaignDraft, *, gone: bool = False) -> None:
    record_row(
        actor=actor,
        verb=verb,
        kind="campaign_template",
        row=template,
        name=template.name,
        fields=("name", "organisation"),
        organisation_path=template.organisation.path if template.organisation else "",
        gone=gone,
    )
