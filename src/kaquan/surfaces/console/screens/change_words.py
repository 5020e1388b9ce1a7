"""The change log in people's words: what was changed, what was done, and which fields."""

from __future__ import annotations

import json
import re
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from kaquan.surfaces.console.kit.cells import Text, local_text
from kaquan.surfaces.console.screens.wizard_fields import PLACES
from kaquan.surfaces.console.words import BATCH_STATES, CAMPAIGN_STATES, STORE_STATES, Words

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
    "amount_fen": _("Amount (fen)"),
    "amount_fen_max": _("Amount at most (fen)"),
    "batch": _("Batch"),
    "budget": _("Budget"),
    "by_code": _("Handed out as codes"),
    "campaign": _("Campaign"),
    "changed": _("Number changed"),
    "channel": _("Channel"),
    "city": _("City"),
    "code": _("Code"),
    "comment": _("Comment"),
    "conditions": _("Conditions"),
    "content": _("Content"),
    "days_after_use_max": _("Days after the use at most"),
    "district": _("District"),
    "email": _("E-mail"),
    "ends_at": _("Until"),
    "face": _("Face"),
    "fields": _("Field"),
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
    "longitude_microdegrees": _("Longitude (millionths of a degree)"),
    "must_sign": _("Must be signed"),
    "must_use_second_factor": _("Second factor"),
    "name": _("Name"),
    "name_en": _("English name"),
    "name_zh": _("Chinese name"),
    "new": _("Number added"),
    "number": _("Number"),
    "number_a_day_max": _("Number a day at most"),
    "offer_version": _("Offer version"),
    "open_hours": _("Opening hours"),
    "organisation": _("Belongs to"),
    "organisation_id": _("Belongs to"),
    "parent": _("Belongs to"),
    "permissions": _("Permissions"),
    "phone": _("Telephone"),
    "province": _("Province"),
    "quantity": _("Quantity"),
    "query": _("Query"),
    "ranges": _("Ranges"),
    "reason": _("Reason"),
    "locked_until": _("Locked out until"),
    "role": _("Role"),
    "roles": _("Roles"),
    "scopes": _("Permissions"),
    "staff_no": _("Staff number"),
    "starts_at": _("From"),
    "state": _("State"),
    "status": _("State"),
    "store": _("Store"),
    "tags": _("Tags"),
    "terms": _("Terms"),
    "text_en": _("English text"),
    "text_zh": _("Chinese text"),
    "title_en": _("English title"),
    "title_zh": _("Chinese title"),
    "total_fen": _("Total (fen)"),
    "types": _("Events"),
    "url": _("Address"),
    "user": _("Account"),
    "username": _("User name"),
    "value": _("Value"),
    "warning_lines": _("Warning lines"),
    "weekly_hours": _("Opening hours"),
}
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


def written(kind: str, name: str, value: object) -> str:
    """A field's value as it is shown: states in words, and long ones with dots at the end."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if name == "jurisdiction" and value in PLACES:
        return str(PLACES[str(value)])
    if name in ("state", "status") and value in STATES.get(kind, {}):
        return str(STATES[kind][str(value)][0])
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return local_text(datetime.fromisoformat(value))
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= VALUE_CHARACTERS_MAX else f"{shown[:VALUE_CHARACTERS_MAX]}…"
