"""Better terms for vouchers that are out: changed, compared field by field, handed in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kaquan.approvals.models import ApprovalRequest
from kaquan.approvals.queries import VIEW as APPROVALS_VIEW
from kaquan.campaigns import queries
from kaquan.campaigns.better_terms import (
    BETTER_TERMS,
    Comparison,
    ask_better_terms,
    compare,
    current_terms,
)
from kaquan.campaigns.draft_copies import content_of_terms
from kaquan.campaigns.draft_fields import limited_channels_field
from kaquan.campaigns.draft_reading import Reader
from kaquan.campaigns.draft_terms import raw_terms
from kaquan.campaigns.models import CampaignBatch, CampaignDraft
from kaquan.engine.rules.reading import terms_bytes
from kaquan.engine.rules.terms import Terms
from kaquan.engine.terms_better import Difference
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.surfaces.console.kit.actions import name_in, new_name, way_back
from kaquan.surfaces.console.kit.cells import Cell, Fact, Text, badge, text
from kaquan.surfaces.console.kit.fields import Field, Filled, read_all
from kaquan.surfaces.console.kit.forms import FormScreen
from kaquan.surfaces.console.kit.lists import Column
from kaquan.surfaces.console.kit.menu import holds
from kaquan.surfaces.console.kit.panels import Facts, Panel, Table
from kaquan.surfaces.console.kit.screens import Call, in_words, language_now
from kaquan.surfaces.console.screens.approval_contents import Panels
from kaquan.surfaces.console.screens.approvals import APPROVAL
from kaquan.surfaces.console.screens.batches import BATCH, EDIT
from kaquan.surfaces.console.screens.campaigns import CAMPAIGN
from kaquan.surfaces.console.screens.wizard_rules import rules_sections

REASON = Field("reason", _("Reason"), "long_text", required=True, characters_max=1_000)
#: What never changes for vouchers that are out is not asked.
_FIXED = frozenset(
    {
        *("benefit", "validity", "rounding", "in_parts", "card_face"),
        *("stack_class", "stack_classes", "priority", "offline_use", "uses", "use_value"),
        *("days", "start_after_days"),
    }
)
#: What the highest cost of a voucher depends on: where money was set aside for it, it stays.
_SET_ASIDE = frozenset({"amount", "percent_cap", "cash_face", "goods_cap", "free_cap"})
#: What restricts vouchers, field by field or together: where nothing does, nothing can be lifted.
_RESTRICTIONS = (
    ("minimum", "minimum_over", "minimum_basis"),
    ("weekdays",),
    ("window_1_from", "window_1_until", "window_2_from", "window_2_until"),
    ("excluded_days",),
    ("nodes", "store_codes"),
    ("not_nodes", "not_store_codes"),
    ("channels",),
    ("terminal_kinds",),
    ("skus", "categories", "goods_mode"),
    ("not_skus", "not_categories"),
    ("none_skus", "none_categories"),
    ("customer_required",),
    ("first_order_only",),
    ("tags_any",),
    ("tags_every",),
    ("tags_none",),
    (limited_channels_field("redeem"),),
)
_PLACES = ("nodes", "store_codes", "not_nodes", "not_store_codes")
_SAID_ALWAYS = frozenset({"minimum_over", "minimum_basis", "goods_mode"})
DIGEST_CHARACTERS = 32
_WORTH_STAYS = _(
    "What a voucher is worth at most stays: its money was set aside when it was issued."
)
_COMPARED = Field("compared", "", "hidden", characters_max=64)


def fields_for(
    actor: Actor, content: Mapping[str, str], *, is_set_aside: bool = False
) -> list[Field]:
    """The fields of the wizard's rules that may change for the better, of what these terms are; a
    limit or a restriction only where there is one, and what a voucher is worth only where its money
    was not set aside when it was issued."""
    idle = {
        name
        for group in _RESTRICTIONS
        for name in group
        if not any(one in content for one in group if one not in _SAID_ALWAYS)
    }
    hidden = _FIXED | idle | (_SET_ASIDE if is_set_aside else frozenset())
    draft = CampaignDraft(content=dict(content))
    found: list[Field] = []
    for section in rules_sections(actor, draft):
        if section.when is not None:
            other, values = section.when
            if content.get(other, "") not in values:
                continue
        limits = [one for row in section.rows for one in row.fields if one.name in content]
        found += [one for one in (*section.fields, *limits) if one.name not in hidden]
    return [replace(one, required=False) for one in found]


class ImproveTerms(FormScreen):
    """A batch's terms, to be changed in favour of those who hold its vouchers."""

    name = "batch-improve-terms"
    path = "batches/<int:key>/improve-terms"
    title = _("Improve terms of what is issued")
    hint = _(
        "Change what gets better for those who hold vouchers. It counts for all vouchers of the "
        "batch, issued and not, as soon as somebody else has agreed."
    )
    permission = EDIT
    parent = "batches"

    def hint_of(self, call: Call, key: int) -> Text:
        """Which batch it is about."""
        batch = queries.batch_by_id(call.actor, key)
        named = gettext("Campaign “%(campaign)s”, batch “%(batch)s”.")
        words = named % {"campaign": batch.campaign.name, "batch": batch.name}
        stays = f" {_WORTH_STAYS}" if _is_set_aside(*current_terms(call.actor, key)[::2]) else ""
        return f"{words} {self.hint}{stays}"

    def home(self, key: int) -> str:
        """Its page."""
        return BATCH.address(key=key)

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """The terms as they are; what differs, once compared; or, handed in, its request."""
        batch_id: int = key["key"]
        batch, _version, terms = current_terms(call.actor, batch_id)
        content = content_of_terms(call.actor, terms)
        asked = fields_for(call.actor, content, is_set_aside=_is_set_aside(batch, terms))
        fields = [*asked, REASON, _COMPARED]
        if call.request.method != "POST":
            filled = [Filled(one, content.get(one.name, "")) for one in fields]
            return self._shown(call, batch_id, filled)
        _values, filled = read_all(fields, call.request.POST)
        if any(one.error for one in filled):
            return self._shown(call, batch_id, filled, status=422)
        try:
            return self._answer(call, batch_id, terms, content, filled)
        except KaquanError as error:
            if error.exit_code is ExitCode.PERMISSION_DENIED or error.code.endswith("_unknown"):
                raise
            return self._shown(call, batch_id, filled, error=in_words(error), status=409)

    def _answer(
        self,
        call: Call,
        batch_id: int,
        terms: Terms,
        content: Mapping[str, str],
        filled: Sequence[Filled],
    ) -> HttpResponseBase:
        typed = {one.field.name: one.typed for one in filled}
        reader = Reader({**content, **typed})
        raw = raw_terms(call.actor, reader)
        if all(typed.get(name, "") == content.get(name, "") for name in _PLACES):
            # Untouched they stay, also where the actor's part is smaller than the terms'.
            raw["scope"] = raw.get("scope", {}) | {
                "stores": msgspec.to_builtins(terms.scope.stores)
            }
        if reader.faults:
            zh = language_now() == "zh"
            told = {one.field: one.zh if zh else one.en for one in reader.faults}
            marked = [replace(one, error=told.get(one.field.name, "")) for one in filled]
            return self._shown(call, batch_id, marked, status=422)
        found = compare(actor=call.actor, batch_id=batch_id, terms=raw, at=clock.now())
        seen = _digest(found)
        if found.against or not found.differences or typed["compared"] != seen:
            is_ready = bool(found.differences) and not found.against
            again = [
                replace(one, typed=seen if is_ready else "")
                if one.field.name == "compared"
                else one
                for one in filled
            ]
            return self._shown(call, batch_id, again, found)
        request = ask_better_terms(
            actor=call.actor,
            batch_id=batch_id,
            terms=found.wanted,
            reason=typed["reason"],
            at=clock.now(),
        )
        messages.success(call.request, gettext("It was handed in for approval."))
        if holds(call.actor, APPROVALS_VIEW):
            return HttpResponseRedirect(APPROVAL.address(key=request.pk))
        return HttpResponseRedirect(self.home(batch_id))

    def _shown(
        self,
        call: Call,
        batch_id: int,
        filled: Sequence[Filled],
        found: Comparison | None = None,
        *,
        error: str = "",
        status: int = 200,
    ) -> HttpResponseBase:
        is_ready = found is not None and bool(found.differences) and not found.against
        context = {
            "filled": filled,
            "error": error or _why_not(found),
            "has_fault": any(one.error for one in filled),
            "hint": self.hint_of(call, batch_id),
            "back": way_back(call.request, self.home(batch_id)),
            "once": name_in(call.request) or new_name(),
            "save_words": _("Hand in for approval") if is_ready else _("Compare"),
            "is_ready": is_ready,
            "panel": difference_table(found.differences) if found and found.differences else None,
        }
        refused = found is not None and not is_ready
        return self.page(
            call, "console/improve_terms.html", context, status=409 if refused else status
        )


def _is_set_aside(batch: CampaignBatch, terms: Terms) -> bool:
    """Whether each voucher's money was set aside when it was issued."""
    return batch.budget_id is not None and terms.commit == "issue"


def _why_not(found: Comparison | None) -> str:
    if found is None:
        return ""
    if not found.differences:
        return gettext("Nothing was changed yet.")
    if found.against:
        return gettext("Some changes are not for vouchers that are out: the table says what to do.")
    return ""


def _digest(found: Comparison) -> str:
    """What was looked at: other terms, or a revision in between, are compared again."""
    digest = hashlib.sha256(terms_bytes(found.wanted)).hexdigest()
    return f"{found.version}-{digest[:DIGEST_CHARACTERS]}"


def difference_table(rows: Sequence[Difference]) -> Table:
    """Each field with what it says now and would say, and whether it may."""
    index = 0 if language_now() == "zh" else 1

    def verdict(one: Difference) -> Cell:
        if one.is_better:
            return badge(_("Better or equal"), "good")
        no = _("Not for issued vouchers")
        return Cell(no, "badge", tone="bad", note=one.against[index])

    columns = (
        Column[Difference]("field", _("Field"), lambda one: text(one.label[index])),
        Column[Difference]("before", _("Before"), lambda one: text(one.before[index])),
        Column[Difference]("after", _("After"), lambda one: text(one.now[index])),
        Column[Difference]("verdict", _("For those who hold vouchers"), verdict),
    )
    return Table(_("What will change"), columns, rows, "")


class ImproveCampaign(FormScreen):
    """Which of a campaign's batches is meant."""

    name = "campaign-improve-terms"
    path = "campaigns/<int:key>/improve-terms"
    title = _("Improve terms of what is issued")
    permission = EDIT
    parent = "campaigns"
    save_words = _("Go on")
    fields = (Field("batch", _("Batch"), "choice", required=True),)

    def form_fields(self, actor: Actor, key: int) -> Sequence[Field]:
        """With the campaign's batches; raises `campaign_unknown`."""
        campaign = queries.campaign_by_id(actor, key)
        options = [(str(one.id), one.name) for one in queries.campaign_batches(actor, campaign.id)]
        return [one.with_options(options) for one in self.fields]

    def respond(self, call: Call, **key: Any) -> HttpResponseBase:
        """Of a campaign with one batch, that one's page at once."""
        (field,) = self.form_fields(call.actor, key["key"])
        if call.request.method != "POST" and len(field.options) == 1:
            return HttpResponseRedirect(IMPROVE.address(key=int(field.options[0][0])))
        return super().respond(call, **key)

    def answer(self, call: Call, doing: Any, key: int) -> HttpResponseBase:
        """Go to the batch's page."""
        del call, key
        return HttpResponseRedirect(IMPROVE.address(key=int(doing.values["batch"])))

    def home(self, key: int) -> str:
        """Its campaign."""
        return CAMPAIGN.address(key=key)


IMPROVE = ImproveTerms()


def _request_panels(call: Call, request: ApprovalRequest) -> Sequence[Panel]:
    """What somebody agrees to: each field before and after, and for which vouchers."""
    content = request.content
    found = queries.batches_by_id(call.actor, [content["batch_id"]]).get(content["batch_id"])
    minted = queries.supplies_of([content["batch_id"]])[content["batch_id"]].minted
    facts = [
        Fact(_("Batch"), text(request.title, href=BATCH.address(key=content["batch_id"]))
             if found else text(request.title)),
        Fact(_("Minted"), text(f"{minted:,}")),
        Fact(_("Reason"), text(content["reason"])),
    ]  # fmt: skip
    rows = [msgspec.convert(one, Difference) for one in content["differences"]]
    return [Facts(_("What will be done"), facts), difference_table(rows)]


CONTENTS: dict[str, Panels] = {BETTER_TERMS: _request_panels}
