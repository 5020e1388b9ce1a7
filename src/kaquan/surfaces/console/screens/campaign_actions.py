"""What people do to whole campaigns: hand in, pause, let go on, stop, throw away."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

from kaquan.campaigns import planning, running
from kaquan.campaigns.actions import PERMISSION as EDIT
from kaquan.campaigns.models import Campaign, CampaignStatus
from kaquan.foundation import clock
from kaquan.surfaces.console.kit.actions import Action, Doing
from kaquan.surfaces.console.kit.cells import Text
from kaquan.surfaces.console.kit.fields import Field

REASON = Field("reason", _("Reason"), "long_text", required=True, characters_max=1_000)
OPENED = (CampaignStatus.APPROVED, CampaignStatus.RUNNING, CampaignStatus.PAUSED)


def _change(change: Callable[..., Campaign], done: Text) -> Callable[[Campaign, Doing], Text]:
    def run(campaign: Campaign, doing: Doing) -> Text:
        change(
            actor=doing.actor,
            campaign_id=campaign.id,
            reason=doing.values["reason"] or "",
            at=clock.now(),
        )
        return str(done) % {"name": campaign.name}

    return run


def _asks(words: Text) -> Callable[[Campaign], Text]:
    return lambda campaign: str(words) % {"name": campaign.name}


def _submit(campaign: Campaign, doing: Doing) -> Text:
    planning.submit_campaign(actor=doing.actor, campaign_id=campaign.id)
    return _("“%(name)s” was handed in for approval.") % {"name": campaign.name}


def _discard(campaign: Campaign, doing: Doing) -> Text:
    planning.discard_campaign(actor=doing.actor, campaign_id=campaign.id)
    return _("The draft “%(name)s” was thrown away.") % {"name": campaign.name}


CAMPAIGN_ACTIONS: tuple[Action[Campaign], ...] = (
    Action(
        "submit",
        _("Hand in for approval"),
        EDIT,
        _asks(_("Hand the campaign “%(name)s” in for approval?")),
        _submit,
        offered=lambda campaign: campaign.status == CampaignStatus.DRAFT,
        consequence=_("While it waits it cannot be changed. Once approved it starts at its time."),
    ),
    Action(
        "pause",
        _("Pause"),
        EDIT,
        _asks(_("Pause the campaign “%(name)s” with all its batches?")),
        _change(running.pause_campaign, _("The campaign “%(name)s” is paused.")),
        fields=(REASON,),
        danger=True,
        offered=lambda campaign: campaign.status == CampaignStatus.RUNNING,
        consequence=_("Nothing of it is issued or used until it goes on."),
    ),
    Action(
        "resume",
        _("Resume"),
        EDIT,
        _asks(_("Let the campaign “%(name)s” go on?")),
        _change(running.resume_campaign, _("The campaign “%(name)s” goes on.")),
        fields=(Field("reason", _("Reason"), "long_text", characters_max=1_000),),
        offered=lambda campaign: campaign.status == CampaignStatus.PAUSED,
        consequence=_("Batches that were paused one by one before stay paused."),
    ),
    Action(
        "stop",
        _("Stop for good"),
        EDIT,
        _asks(_("Stop the campaign “%(name)s” with all its batches for good?")),
        _change(running.stop_campaign, _("The campaign “%(name)s” is stopped.")),
        fields=(REASON,),
        danger=True,
        offered=lambda campaign: campaign.status in OPENED,
        consequence=_("Nothing more of it is issued, ever. What was issued can still be used."),
    ),
    Action(
        "discard",
        _("Throw the draft away"),
        EDIT,
        _asks(_("Throw the draft of “%(name)s” away, with its planned batches?")),
        _discard,
        danger=True,
        offered=lambda campaign: campaign.status == CampaignStatus.DRAFT,
        leads_to="campaigns",
    ),
)
