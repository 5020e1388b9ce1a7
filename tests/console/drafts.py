"""A draft of each side, for screens that are about one."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from kaquan.campaigns.models import CampaignDraft
from tests.api.world import Side
from tests.builders.issuer import staff_of
from tests.campaigns.drafting import a_draft

_DRAFTS: WeakKeyDictionary[Side, CampaignDraft] = WeakKeyDictionary()


def draft_of(side: Side) -> CampaignDraft:
    """The side's draft; made when it is first named."""
    if side not in _DRAFTS:
        _DRAFTS[side] = a_draft(staff_of(side.organisation))
    return _DRAFTS[side]
