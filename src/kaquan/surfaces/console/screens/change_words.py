"""The change log in people's words: what was changed, what was done, and which fields."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from kaquan.budgets.queries import budget_names, funder_names
from kaquan.campaigns.queries import batches_by_id
from kaquan.engine.money import format_yuan
from kaquan.engine.rules.explain import explain
from kaquan.engine.rules.reading import read_terms
from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.models import Change
from kaquan.offers.queries import names_in
from kaquan.organisations.hours import week_in_words
from kaquan.organisations.queries import organisation_names
from kaquan.surfaces.console.kit.cells import Text, listed, local_text
from kaquan.surfaces.console.kit.screens import language_now
from kaquan.surfaces.console.screens.wizard_fields import PLACES
from kaquan.surfaces.console.words import (
    BATCH_STATES,
    CAMPAIGN_STATES,
    NODE_KINDS,
    STORE_STATES,
    TERMINAL_KINDS,
    Words,
)

VALUE_CHARACTERS_MAX = 400
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")
KINDS: dict[str, Text] = {
    "campaign": _("Campaign"),
    "campaign_template": _("Template"),
    "batch": _("Batch"),
    "offer": _("Offer"),
    "product": _("Products"),
    "print_face": _("Paper layout"),
    "print_run": _("Print run"),
    "budget": _("Budget"),
    "funder": _("Funder"),
    "organisation": _("Organisation"),
    "store": _("Store"),
    "clerk": _("Clerk"),
    "terminal": _("Terminal"),
    "api_client": _("API client"),
    "api_key": _("API key"),
    "signing_key": _("Signing key"),
    "webhook": _("Webhook"),
    "staff": _("Account"),
    "approval": _("Request for approval"),
    "approval_rule": _("Approval rule"),
    "role_grant": _("Granted role"),
    "saved_view": _("Saved view"),
    "customer": _("Customer"),
    "customer_look": _("Look at a customer"),
    "segment": _("Segment"),
    "role": _("Role"),
    "announcement": _("Announcement"),
    "issuer_setting": _("Settings"),
    "holiday": _("Special day"),
    "care_limit": _("Authority over vouchers"),
    "claim_link": _("Claim link"),
}
#: What was done, by the verb or its second half: the first one says to what, as the kind does.
DEEDS: dict[str, Text] = {
    "create": _("Added"),
    "add": _("Added"),
    "open": _("Added"),
    "face_create": _("Added"),
    "update": _("Fields edited"),
    "change": _("Fields edited"),
    "set": _("Fields edited"),
    "face": _("Fields edited"),
    "face_change": _("Fields edited"),
    "switch": _("Switched on or off"),
    "set_active": _("Switched on or off"),
    "rename": _("Renamed"),
    "move": _("Moved"),
    "import": _("Brought in"),
    "delete": _("Removed"),
    "remove": _("Removed"),
    "clear": _("Removed"),
    "discard": _("Discarded"),
    "enable": _("Enabled"),
    "disable": _("Disabled"),
    "end_session": _("Logged out there"),
    "reset_password": _("Password reset"),
    "reset_second_factor": _("Second factor reset"),
    "unlock": _("Login unlocked"),
    "second_factor": _("Second factor asked for or not"),
    "set_pin": _("Counter PIN set"),
    "grant": _("Role granted"),
    "revoke": _("Revoked"),
    "staff.revoke": _("Role taken back"),
    "rotate": _("Rotated"),
    "rotate_secret": _("Secret rotated"),
    "replace_signing_key": _("Rotated"),
    "revoke_signing_key": _("Revoked"),
    "withdraw": _("Withdrawn"),
    "ask": _("Handed in for approval"),
    "submit": _("Handed in for approval"),
    "approve": _("Approved"),
    "reject": _("Turned down"),
    "request_changes": _("Sent back for changes"),
    "refused": _("Refused"),
    "publish": _("New version"),
    "better_terms": _("Better terms in force"),
    "plan": _("Planned"),
    "unplan": _("No longer planned"),
    "digital_batch": _("Digital batch chosen"),
    "start": _("Started"),
    "pause": _("Paused"),
    "resume": _("Resumed"),
    "stop": _("Stopped"),
    "end": _("Ended"),
    "close": _("Closed"),
    "warnings": _("Warning lines set"),
    "alerts_seen": _("Warnings seen"),
    "change_approved": _("Total changed after approval"),
    "transfer": _("Money transferred"),
    "change_caps": _("Offline bounds changed"),
    "make_code": _("Registration code made"),
    "register_device": _("Registered as a device"),
    "unregister_device": _("Device taken off"),
    "order": _("Print ordered"),
    "made": _("Print finished"),
    "share": _("Shared"),
    "unshare": _("Shared no more"),
    "look": _("Looked at in full"),
    "merge": _("Merged"),
    "unmerge": _("Merge undone"),
    "erase": _("Personal data erased"),
    "consent": _("Consent given or withdrawn"),
    "tag": _("Tags changed"),
    "tag_segment": _("Tags changed"),
    "card": _("Member card"),
    "add_identity": _("Identity added"),
    "remove_identity": _("Identity removed"),
    "add_task": _("Task added"),
    "finish_task": _("Task done"),
}
FIELDS: dict[str, Text] = {
    "active": _("In use"),
    "address": _("Address"),
    "alerts": _("Warnings"),
    "amount_fen": _("Amount"),
    "amount_fen_max": _("Amount at most"),
    "batch": _("Batch"),
    "budget": _("Budget"),
    "by_code": _("Handed out as codes"),
    "campaign": _("Campaign"),
    "changed": _("Number changed"),
    "channel": _("Channel"),
    "city": _("City"),
    "client": _("Client"),
    "client_id": _("Client"),
    "closed_at": _("Closed at"),
    "code": _("Code"),
    "comment": _("Comment"),
    "conditions": _("Conditions"),
    "content": _("Content"),
    "days_after_use_max": _("Days after the use at most"),
    "description": _("Description"),
    "device": _("Device"),
    "digital_batch": _("Digital batch"),
    "district": _("District"),
    "division_code": _("Code of the division"),
    "done": _("Done"),
    "email": _("E-mail"),
    "encrypt_body": _("Contents encrypted"),
    "ends_at": _("Until"),
    "event_types": _("Events"),
    "expires_at": _("Expires"),
    "face": _("Face"),
    "face_name": _("Paper layout"),
    "fields": _("Field"),
    "from_amount_fen": _("From which amount"),
    "funder": _("Funder"),
    "goal": _("Goal"),
    "holder": _("Holder"),
    "in_offers": _("For offers"),
    "is_active": _("In use"),
    "jurisdiction": _("Jurisdiction"),
    "kind": _("Kind"),
    "last_day": _("Last day"),
    "latitude_microdegrees": _("Latitude (millionths of a degree)"),
    "layout": _("Paper layout"),
    "levels": _("Levels"),
    "locked_until": _("Locked out until"),
    "longitude_microdegrees": _("Longitude (millionths of a degree)"),
    "merkle_root": _("Merkle root"),
    "mode": _("Live or test"),
    "must_sign": _("Must be signed"),
    "must_use_second_factor": _("Second factor"),
    "name": _("Name"),
    "name_en": _("English name"),
    "name_zh": _("Chinese name"),
    "names_customers": _("Names customers"),
    "networks": _("Networks"),
    "new": _("Number added"),
    "number": _("Number"),
    "number_a_day_max": _("Number a day at most"),
    "offer_version": _("Offer version"),
    "offline_total_fen_max": _("Offline in all, at most"),
    "offline_use_fen_max": _("Offline a use, at most"),
    "open_hours": _("Opening hours"),
    "organisation": _("Belongs to"),
    "organisation_id": _("Belongs to"),
    "parent": _("Belongs to"),
    "people": _("People"),
    "permissions": _("Permissions"),
    "phone": _("Telephone"),
    "pin": _("Counter PIN"),
    "province": _("Province"),
    "public_id": _("Number of the key"),
    "quantity": _("Quantity"),
    "query": _("Query"),
    "ranges": _("Ranges"),
    "reason": _("Reason"),
    "registration_code": _("Registration code"),
    "replaced_by": _("Replaced by"),
    "revoked_at": _("Revoked at"),
    "role": _("Role"),
    "roles": _("Roles"),
    "scopes": _("Permissions"),
    "screen": _("List"),
    "segment": _("Segment"),
    "shared_path": _("Shared with"),
    "staff_no": _("Staff number"),
    "starts_at": _("From"),
    "state": _("State"),
    "status": _("State"),
    "store": _("Store"),
    "store_ids": _("Stores"),
    "tags": _("Tags"),
    "terms": _("Terms"),
    "text_en": _("English text"),
    "text_zh": _("Chinese text"),
    "title_en": _("English title"),
    "title_zh": _("Chinese title"),
    "total_fen": _("Total"),
    "types": _("Events"),
    "url": _("Address"),
    "use_fen_max": _("A use, at most"),
    "user": _("Account"),
    "username": _("User name"),
    "value": _("Value"),
    "warn_percents": _("Warning lines"),
    "warning_lines": _("Warning lines"),
    "weekly_hours": _("Opening hours"),
    "withdrawn_at": _("Withdrawn at"),
}
_OF_PLACES = ("organisation", "organisation_id", "parent", "store")
_SUM = re.compile(r"(\w+_)?fen(_max)?")
_SORTS: dict[str, Mapping[str, Text]] = {"organisation": NODE_KINDS, "terminal": TERMINAL_KINDS}
STATES: dict[str, Words] = {
    "batch": BATCH_STATES,
    "campaign": CAMPAIGN_STATES,
    "store": STORE_STATES,
}


def deed(verb: str) -> Text:
    """What was done; the verb itself where nobody found words for it."""
    return DEEDS.get(verb) or DEEDS.get(verb.rpartition(".")[2], verb)


def field_title(name: str) -> Text:
    """What people call a field."""
    return FIELDS.get(name, name)


class Names(NamedTuple):
    """What stands behind the ids that changes keep, as far as somebody may know it."""

    organisations: Mapping[int, str]
    batches: Mapping[int, str]
    budgets: Mapping[int, str]
    funders: Mapping[int, str]
    actor: Actor | None = None
    """Who may read what terms name; None where there is no room for it."""

    def of(self, field: str, value: object) -> str | None:
        """The name behind one field's value."""
        known = {
            **dict.fromkeys(_OF_PLACES, self.organisations),
            "batch": self.batches,
            "budget": self.budgets,
            "funder": self.funders,
        }.get(field)
        if known is None or not isinstance(value, int):
            return None
        return known.get(value)


def names_behind(actor: Actor, changes: Iterable[Change], *, in_full: bool = True) -> Names:
    """The names for these changes, read together; in a list not those within terms."""
    found: dict[str, set[int]] = defaultdict(set)
    for change in changes:
        for values in (change.before, change.after):
            for field, value in (values or {}).items():
                if isinstance(value, int) and not isinstance(value, bool):
                    found[field].add(value)
    places = set().union(*(found[field] for field in _OF_PLACES))
    batches = batches_by_id(actor, found["batch"]) if found["batch"] else {}
    return Names(
        organisation_names(actor, places) if places else {},
        {number: batch.name for number, batch in batches.items()},
        budget_names(actor, found["budget"]) if found["budget"] else {},
        funder_names() if found["funder"] else {},
        actor if in_full else None,
    )


def written(kind: str, name: str, value: object, names: Names) -> str:
    """A field's value as it is shown: states, kinds, sums and moments as people read them, names
    for ids, and long ones with dots at the end."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if name == "jurisdiction" and value in PLACES:
        return str(PLACES[str(value)])
    if name in ("state", "status") and value in STATES.get(kind, {}):
        return str(STATES[kind][str(value)][0])
    if name == "kind" and value in _SORTS.get(kind, {}):
        return str(_SORTS[kind][str(value)])
    if _SUM.fullmatch(name) and isinstance(value, int):
        return format_yuan(value)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return local_text(datetime.fromisoformat(value))
    if name == "terms" and isinstance(value, dict):
        return _terms_in_words(value, names.actor) or _as_text(value)
    if name == "weekly_hours" and isinstance(value, dict):
        return week_in_words(value)
    return names.of(name, value) or _as_text(value)


def _as_text(value: object) -> str:
    if value in ({}, []):
        return "—"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        shown = listed(value)
    else:
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= VALUE_CHARACTERS_MAX else f"{shown[:VALUE_CHARACTERS_MAX]}…"


def _terms_in_words(value: dict[str, object], actor: Actor | None) -> str:
    """What an offer promised, as it is printed; nothing for terms whose form is read no more."""
    terms = read_terms(value)
    if isinstance(terms, list):
        return ""
    names = names_in(actor, terms) if actor else {}
    sentences = explain(terms, language_now(), names)
    return " ".join(f"{number}. {one.text}" for number, one in enumerate(sentences, 1))
