"""Domain words on screens: states, kinds, operations; each with the tone of its badge."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kaquan.access.models import ApiKey
from kaquan.engine.entries import Account, Unit
from kaquan.engine.lifecycle import State
from kaquan.foundation.jobs.models import JobState
from kaquan.integrations.models import DeliveryState
from kaquan.organisations.models import OrganisationKind, StoreStatus
from kaquan.surfaces.console.kit.cells import Cell, Text, badge, in_brackets

Words = dict[str, tuple[Promise, str]]

CAMPAIGN_STATES: Words = {
    "draft": (_("Draft"), "muted"),
    "waiting": (_("Waiting for approval"), "warn"),
    "approved": (_("Approved, starts at its time"), "info"),
    "coming": (_("Coming"), "info"),
    "running": (_("Running"), "good"),
    "paused": (_("Paused"), "warn"),
    "stopped": (_("Stopped"), "bad"),
    "over": (_("Over"), "muted"),
}
BATCH_STATES: Words = {
    "planned": (_("Planned"), "muted"),
    "running": (_("Running"), "good"),
    "paused": (_("Paused"), "warn"),
    "stopped": (_("Stopped"), "bad"),
}
STORE_STATES: Words = {
    StoreStatus.OPEN: (_("Open"), "good"),
    StoreStatus.PAUSED: (_("Closed for now"), "warn"),
    StoreStatus.CLOSED: (_("Closed for good"), "muted"),
}
NODE_KINDS: dict[str, Promise] = {
    OrganisationKind.HEAD_OFFICE: _("Head office"),
    OrganisationKind.REGION: _("Region"),
    OrganisationKind.PROVINCE: _("Province"),
    OrganisationKind.CITY: _("City"),
    OrganisationKind.STORE: _("Store"),
}
TERMINAL_KINDS: dict[str, Promise] = {
    "till": _("Till"),
    "handheld": _("Handheld"),
    "phone": _("Phone"),
    "kiosk": _("Kiosk"),
}
VOUCHER_STATES: dict[State, tuple[Promise, str]] = {
    State.INACTIVE: (_("Not activated"), "muted"),
    State.LIVE: (_("Usable"), "good"),
    State.ISSUED: (_("Handed out"), "good"),
    State.USED: (_("Used up"), "info"),
    State.FROZEN_LIVE: (_("Frozen"), "warn"),
    State.FROZEN_ISSUED: (_("Frozen"), "warn"),
    State.EXPIRED: (_("Expired"), "muted"),
    State.VOID: (_("Void"), "bad"),
}
JOB_STATES: Words = {
    JobState.QUEUED: (_("Waiting"), "info"),
    JobState.RUNNING: (_("Working"), "info"),
    JobState.DONE: (_("Done"), "good"),
    JobState.FAILED: (_("Failed"), "bad"),
    JobState.CANCELLED: (_("Cancelled"), "muted"),
}
DELIVERY_STATES: Words = {
    DeliveryState.PENDING: (_("On its way"), "info"),
    DeliveryState.DELIVERED: (_("Delivered"), "good"),
    DeliveryState.DEAD: (_("Given up"), "bad"),
}
KEY_KINDS: dict[str, Promise] = {"secret": _("Secret"), "publishable": _("Publishable")}
BENEFITS: dict[str, Promise] = {
    "amount_off": _("Amount off"),
    "percent_off": _("Percent off"),
    "cash_voucher": _("Cash voucher"),
    "exchange": _("Exchange"),
    "prepaid_card": _("Prepaid card"),
    "count_card": _("Count card"),
    "free_unit": _("Free unit"),
}
CHANNELS: dict[str, Promise] = {
    "store": _("In the store"),
    "app": _("App"),
    "miniprogram": _("Mini program"),
    "web": _("Web"),
}
OPERATIONS: dict[str, tuple[Promise, str]] = {
    "claim": (_("Claimed"), "info"),
    "assign": (_("Assigned"), "info"),
    "sell": (_("Sold"), "info"),
    "top_up": (_("Topped up"), "info"),
    "redeem": (_("Redeemed"), "good"),
    "hold": (_("Held"), "warn"),
    "release": (_("Released"), "muted"),
    "reverse": (_("Reversed"), "bad"),
    "transfer": (_("Passed on"), "info"),
    "extend": (_("Extended"), "info"),
    "freeze": (_("Frozen"), "warn"),
    "unfreeze": (_("Unfrozen"), "info"),
    "void": (_("Voided"), "bad"),
    "expire": (_("Expired"), "muted"),
    "adjust": (_("Adjusted"), "warn"),
    "book_loss": (_("Loss booked"), "bad"),
}
BOOKED_OPERATIONS: dict[str, tuple[Promise, str]] = {
    **OPERATIONS,
    "open_budget": (_("Budget opened"), "info"),
    "change_budget": (_("Budget changed"), "warn"),
    "define_batch": (_("Batch defined"), "info"),
    "mint": (_("Minted"), "info"),
    "set_batch_state": (_("Batch's state set"), "warn"),
    "activate": (_("Activated"), "info"),
    "allot": (_("Allotted"), "info"),
    "move_pieces": (_("Paper moved"), "info"),
    "revise_terms": (_("Terms improved"), "info"),
}
ACCOUNTS: dict[Account, Promise] = {
    Account.OUTSIDE: _("Outside"),
    Account.BUDGET_AVAILABLE: _("Budget, available"),
    Account.BUDGET_COMMITTED: _("Budget, committed"),
    Account.BUDGET_RELEASED: _("Budget, released"),
    Account.BATCH_COST: _("Cost of the batch"),
    Account.STORE: _("Store"),
    Account.CARD: _("Card"),
    Account.CARD_HELD: _("Card, held"),
    Account.CARD_ISSUED: _("Cards issued"),
    Account.PAYMENT: _("Payments"),
    Account.SALES: _("Sales"),
    Account.STOCK: _("Stock"),
    Account.HOLDER: _("Holder"),
    Account.ENDED: _("Ended"),
    Account.FROZEN: _("Frozen"),
    Account.USES: _("Uses"),
    Account.USES_HELD: _("Uses, held"),
    Account.CUSTODY: _("Custody"),
    Account.PAPER_PRINTED: _("Paper, printed"),
    Account.PAPER_RECEIVED: _("Paper, received"),
    Account.PAPER_READY: _("Paper, ready"),
    Account.PAPER_SENT: _("Paper, on its way"),
    Account.PAPER_HANDED_OUT: _("Paper, handed out"),
    Account.PAPER_SPOILED: _("Paper, spoiled"),
    Account.PAPER_LOST: _("Paper, lost"),
    Account.PAPER_DESTROYED: _("Paper, destroyed"),
    Account.PAPER_MISSING: _("Paper, missing"),
    Account.OFFLINE_LOSS: _("Losses without a network"),
}
UNITS: dict[Unit, Promise] = {Unit.FEN: _("Money"), Unit.USE: _("Use"), Unit.PIECE: _("Piece")}


def state(words: Words, name: str) -> Cell:
    """A state as a badge; one without words stands for itself."""
    text, tone = words.get(name, (name, "muted"))
    return badge(text, tone)


def acted(named: Mapping[str, str], actor_id: str) -> Text:
    """Who did something: by name, or that it was the system and which part of it."""
    kind, _colon, part = actor_id.partition(":")
    if kind == "system":
        return in_brackets(_("System"), part) if part else _("System")
    return named.get(actor_id, actor_id)


def voucher_state(number: int) -> Cell:
    """A voucher's state as a badge."""
    return badge(*VOUCHER_STATES[State(number)])


def key_state(key: ApiKey, *, ended: bool) -> Cell:
    """Whether a key opens anything."""
    if key.revoked_at is not None:
        return badge(_("Revoked"), "bad")
    return badge(_("Over"), "muted") if ended else badge(_("Good"), "good")
