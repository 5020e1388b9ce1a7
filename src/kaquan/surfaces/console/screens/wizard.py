"""The campaign wizard: 基本信息 → 券面 → 规则 → 发放 → 预算 → 预览 → 提交审批."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kaquan.approvals.queries import decisions_of
from kaquan.campaigns import drafts
from kaquan.campaigns.draft_fields import STEP_OF
from kaquan.campaigns.draft_plans import DraftPlan, plan_of
from kaquan.campaigns.draft_queries import EDIT_OFFERS, draft_by_id, is_handed_in, request_of
from kaquan.campaigns.draft_reading import FieldFault
from kaquan.campaigns.draft_submission import submit_draft
from kaquan.campaigns.models import CampaignDraft
from kaquan.foundation import clock
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.screens import Call, Screen, language_now
from kaquan.surfaces.console.kit.wizard import Draft, MovedError, Section, Step, WizardScreen
from kaquan.surfaces.console.screens.campaigns import CAMPAIGN
from kaquan.surfaces.console.screens.wizard_fields import sections_of
from kaquan.surfaces.console.screens.wizard_preview import (
    costs,
    face_shown,
    printed,
    summary,
    trial_faults,
    tried,
)

_FACE = "console/wizard/beside_face.html"
STEPS = (
    Step("basics", _("Basics"), "console/wizard/beside_basics.html"),
    Step("face", _("Face"), _FACE, hint=_("What holders see.")),
    Step("rules", _("Rules"), _FACE),
    Step("issue", _("Issue"), "console/wizard/beside_costs.html"),
    Step("budget", _("Budget"), "console/wizard/beside_costs.html"),
    Step(
        "preview", _("Preview"), "console/wizard/beside_trial.html",
        above="console/wizard/above_preview.html",
        hint=_("Try a made-up cart: the engine itself judges it, nothing is booked."),
    ),
    Step(
        "submit", _("Hand in"), "console/wizard/beside_submit.html",
        above="console/wizard/above_submit.html",
    ),
)  # fmt: skip


def in_language(fault: FieldFault) -> str:
    """A fault in the page's language."""
    return fault.zh if language_now() == "zh" else fault.en


class CampaignWizard(WizardScreen):
    """See the module."""

    name = "campaign-wizard"
    path = "campaigns/new/<int:key>/<slug:step>"
    title = _("New campaign")
    permission = EDIT_OFFERS
    parent = "campaigns"
    steps = STEPS
    finish_words = _("Hand in for approval")

    def draft(self, call: Call, key: int) -> CampaignDraft:
        """The draft; raises `draft_unknown`."""
        return draft_by_id(call.actor, key)

    def closed(self, call: Call, draft: Draft) -> str:
        """What was handed in is looked at on the campaign's page; a template only begins others."""
        del call
        assert isinstance(draft, CampaignDraft), draft
        if draft.is_template:
            return reverse("console:campaign-begin")
        return CAMPAIGN.address(key=draft.campaign_id) if is_handed_in(draft) else ""

    def heading(self, draft: Draft) -> str:
        """The campaign's name, as far as it has one."""
        return draft.content.get("name", "") or str(self.title)

    def sections(self, call: Call, draft: Draft, step: Step) -> Sequence[Section]:
        """The form of a step."""
        return sections_of(call.actor, draft, step.name)

    def step_of(self, name: str) -> str:
        """The step that a field stands in."""
        return STEP_OF[name]

    def faults(self, call: Call, draft: Draft) -> Mapping[str, str]:
        """What is to be mended."""
        plan = self._plan(call, draft)
        cart = trial_faults(call, draft.content, plan.terms)
        return {one.field: in_language(one) for one in (*plan.faults, *cart)}

    def keep(
        self, call: Call, key: int, *, revision: int, changes: Mapping[str, str], step: str
    ) -> CampaignDraft:
        """Save what was typed."""
        try:
            return drafts.save_draft(
                actor=call.actor,
                draft_id=key,
                revision=revision,
                changes=changes,
                step=step,
                at=clock.now(),
            )
        except drafts.DraftMovedError as error:
            text = error.zh if language_now() == "zh" else error.en
            raise MovedError(text, error.draft, error.fields) from None

    def beside(self, call: Call, draft: Draft, step: Step) -> dict[str, Any]:
        """What stands beside and above the form of a step."""
        assert isinstance(draft, CampaignDraft), draft
        plan = self._plan(call, draft)
        shown: dict[str, Any] = {
            "warnings": [(STEP_OF[one.field], in_language(one)) for one in plan.warnings],
            "returned": _returned(call, draft),
        }
        if step.name in ("face", "rules", "preview"):
            shown |= {
                "face": face_shown(draft.content, plan.terms, call.language),
                "printed": printed(call, plan.terms),
            }
        if step.name in ("issue", "budget", "preview", "submit"):
            shown["costs"] = costs(plan)
        if step.name == "preview":
            shown["trial"] = tried(call, draft.content, plan.terms)
        if step.name in ("preview", "submit"):
            shown |= {"facts": summary(plan), "missing": self._missing(draft, plan)}
        return shown

    def finish(self, call: Call, key: int, *, revision: int, once: str) -> tuple[Text, str]:
        """Hand it in; the same click again finds it handed in and shows the campaign."""
        del once
        request = submit_draft(actor=call.actor, draft_id=key, revision=revision, at=clock.now())
        return _("It was handed in for approval."), CAMPAIGN.address(key=request.subject_id)

    def _plan(self, call: Call, draft: Draft) -> DraftPlan:
        """Read once for each state of a draft that a page shows."""
        known = getattr(draft, "read_plan", None)
        if known is None or known[0] != draft.revision:
            known = (draft.revision, plan_of(call.actor, draft.content))
            draft.read_plan = known  # type: ignore[attr-defined]  # for this request only
        plan: DraftPlan = known[1]
        return plan

    def _missing(self, draft: CampaignDraft, plan: DraftPlan) -> list[tuple[Text, str, list[str]]]:
        """Each step with something to mend: its name, its address, what."""
        return [
            (
                step.title,
                self.address(key=draft.id, step=step.name),
                [in_language(one) for one in plan.faults_of(step.name)],
            )
            for step in self.steps
            if plan.faults_of(step.name)
        ]


WIZARD = CampaignWizard()


class OpenDraft(Screen):
    """A draft by its number: on to the step that somebody had come to."""

    name = "campaign-draft"
    path = "campaigns/new/<int:key>"
    title = _("Draft")
    permission = EDIT_OFFERS
    parent = "campaigns"

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """On to it."""
        draft = draft_by_id(call.actor, key["key"])
        return HttpResponseRedirect(WIZARD.address(key=draft.id, step=draft.step))


OPEN = OpenDraft()


def _returned(call: Call, draft: CampaignDraft) -> list[tuple[str, str]]:
    """Who sent it back, and with which words, where somebody did."""
    request = request_of(call.actor, draft)
    if request is None:
        return []
    return [
        (one.decided_by_name, one.comment)
        for one in decisions_of(request)
        if one.verdict != "approve"
    ]
