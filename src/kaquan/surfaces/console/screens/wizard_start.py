"""Where a campaign begins: with nothing, a built-in template, one of one's own, or as a copy."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.campaigns import drafts
from kaquan.campaigns.actions import PERMISSION
from kaquan.campaigns.draft_queries import (
    EDIT_OFFERS,
    draft_by_id,
    draft_of_campaign,
    draft_page,
    own_templates,
)
from kaquan.campaigns.draft_templates import BUILT_IN
from kaquan.campaigns.models import CampaignDraft
from kaquan.campaigns.queries import campaign_by_id
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.paging import Page, Paging
from kaquan.surfaces.console.kit.actions import Doing
from kaquan.surfaces.console.kit.cells import Cell, Text, moment, text
from kaquan.surfaces.console.kit.fields import Field, Values
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column, ListScreen
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.screens import Call, Screen
from kaquan.surfaces.console.screens.campaigns import CAMPAIGN
from kaquan.surfaces.console.screens.wizard import OPEN, STEPS, WIZARD

DRAFTS_SHOWN = 5
_STEP_WORDS = {step.name: step.title for step in STEPS}


def _first_step(draft: CampaignDraft) -> str:
    return WIZARD.address(key=draft.id, step=draft.step)


def _owner(draft: CampaignDraft) -> Cell:
    return text(draft.organisation.name if draft.organisation else _("Whole issuer"))


class BeginCampaign(Screen):
    """The choice of what to begin with."""

    name = "campaign-begin"
    path = "campaigns/new"
    title = _("New campaign")
    permission = PERMISSION
    parent = "campaigns"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The choice; or, for POST, the new draft. Who writes no offers has the short form."""
        del key
        if not holds(call.actor, EDIT_OFFERS):
            return HttpResponseRedirect(reverse("console:campaign-new"))
        if call.request.method == "POST":
            return HttpResponseRedirect(_first_step(self._begun(call)))
        paging = Paging(sort="-changed", limit=DRAFTS_SHOWN, counts=False)
        is_chinese = call.language == "zh"
        context = {
            "built_in": [
                (one.name, one.zh, one.note_zh, one.content["colour"])
                if is_chinese
                else (one.name, one.en, one.note_en, one.content["colour"])
                for one in BUILT_IN
            ],
            "own": [(one, _remove_address(one)) for one in own_templates(call.actor)],
            "drafts": [
                (one, _first_step(one)) for one in draft_page(call.actor, None, paging).rows
            ],
        }
        return self.page(call, "console/wizard/begin.html", context)

    def _begun(self, call: Call) -> CampaignDraft:
        own, built_in = call.request.POST.get("own", ""), call.request.POST.get("template", "")
        now = clock.now()
        if own.isascii() and own.isdigit() and len(own) < 10:
            return drafts.begin_from_template(actor=call.actor, draft_id=int(own), at=now)
        if built_in and built_in not in {one.name for one in BUILT_IN}:
            raise Http404
        return drafts.begin_draft(actor=call.actor, template=built_in, at=now)


class CopyCampaign(FormScreen):
    """A draft of what a campaign is now."""

    name = "campaign-copy"
    path = "campaigns/<int:key>/copy"
    title = _("Copy the campaign")
    hint = _("A draft with its texts, its newest batch and its offer; nothing of the campaign is"
             " changed.")  # fmt: skip
    permission = EDIT_OFFERS
    parent = "campaigns"
    save_words = _("Copy")
    fields = ()

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """Nothing, of a campaign that is there; raises `campaign_unknown`."""
        campaign_by_id(actor, key)
        return {}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Begin the draft."""
        draft, left_out = drafts.begin_copy(actor=doing.actor, campaign_id=key, at=clock.now())
        done: Text = _("The campaign was copied into a draft.")
        if left_out:
            done = _("The campaign was copied; this could not be taken over: %(names)s.") % {
                "names": ", ".join(left_out)
            }
        return done, _first_step(draft)

    def home(self, key: int) -> str:
        """Its page."""
        return CAMPAIGN.address(key=key)


class ReworkCampaign(Screen):
    """The draft that a campaign was made of; for what came back from those who decide."""

    name = "campaign-rework"
    path = "campaigns/<int:key>/rework"
    title = _("Go on with the draft")
    permission = EDIT_OFFERS
    parent = "campaigns"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """On to the draft; to the campaign's page where it had none."""
        campaign = campaign_by_id(call.actor, key["key"])
        draft = draft_of_campaign(call.actor, campaign.id)
        there = _first_step(draft) if draft else CAMPAIGN.address(key=campaign.id)
        return HttpResponseRedirect(there)


class KeepTemplate(FormScreen):
    """A template of what a draft holds."""

    name = "campaign-draft-template"
    path = "campaign-drafts/<int:key>/template"
    title = _("Keep as a template")
    hint = _("The template is kept beside the draft, without the campaign's code and days.")
    permission = EDIT_OFFERS
    parent = "campaigns"
    fields = (Field("name", _("Name of the template"), required=True),)

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """The draft's name."""
        return {"name": draft_by_id(actor, key).name}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Keep it."""
        drafts.keep_as_template(
            actor=doing.actor, draft_id=key, name=doing.values["name"], at=clock.now()
        )
        return _("The template was kept."), self.home(key)

    def home(self, key: int) -> str:
        """The draft."""
        return OPEN.address(key=key)


class RemoveDraft(FormScreen):
    """Throw a draft or a template away."""

    name = "campaign-draft-remove"
    path = "campaign-drafts/<int:key>/remove"
    title = _("Remove the draft")
    hint = _("What was written in it is gone for good.")
    permission = EDIT_OFFERS
    parent = "campaigns"
    save_words = _("Remove for good")
    fields = ()

    def initial(self, actor: Actor, key: int) -> dict[str, Any]:
        """Nothing, of a draft that is there; raises `draft_unknown`."""
        draft_by_id(actor, key)
        return {}

    def save(self, doing: Doing, key: int) -> tuple[Text, str]:
        """Remove it."""
        drafts.remove_draft(actor=doing.actor, draft_id=key)
        return _("It was removed."), BEGIN.address()

    def home(self, key: int) -> str:
        """The choice of what to begin with."""
        del key
        return BEGIN.address()


class CampaignDrafts(ListScreen[CampaignDraft]):
    """Drafts of one's part that were not handed in, or came back."""

    name = "campaign-drafts"
    path = "campaign-drafts"
    title = _("Campaign drafts")
    permission = EDIT_OFFERS
    empty = _("There are no drafts.")
    creates = ("campaign-begin", _("New campaign"), EDIT_OFFERS)
    fields = (Field("words", _("Name")),)
    columns = (
        Column[CampaignDraft]("name", _("Name"), lambda one: text(
            one.name or _("Without a name"), href=OPEN.address(key=one.id)), sort="name"),
        Column[CampaignDraft]("step", _("Come to"), lambda one: text(
            _STEP_WORDS.get(one.step, one.step))),
        Column[CampaignDraft]("owner", _("Belongs to"), _owner, wide=True),
        Column[CampaignDraft]("maker", _("Begun by"), lambda one: text(one.maker_name), wide=True),
        Column[CampaignDraft]("changed_by", _("Changed by"), lambda one: text(
            one.changed_by_name), wide=True),
        Column[CampaignDraft]("changed", _("Changed"), lambda one: moment(
            one.changed_at), sort="changed"),
    )  # fmt: skip

    def page_of(self, actor: Actor, values: Values, paging: Paging) -> Page[CampaignDraft]:
        """The drafts."""
        return draft_page(actor, values["words"], paging)


def _remove_address(draft: CampaignDraft) -> str:
    return REMOVE.address(key=draft.id)


BEGIN = BeginCampaign()
REMOVE = RemoveDraft()
DRAFTS = CampaignDrafts()
