"""How to ask for each screen: for each name of an address, an object of one side.

A new screen about one thing needs a line in ``KEYS`` and ``MISSING``, a new list one in ``LISTED``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from kaquan.analytics.actions import Counters
from kaquan.foundation.changes.models import Change
from kaquan.foundation.configuration import current_configuration
from kaquan.ledger.connections import connect_default
from kaquan.staff.logins import Visit, note_login
from kaquan.staff.models import LoginEvent
from kaquan.surfaces.console.kit.details import ActionScreen
from kaquan.surfaces.console.screens import SCREENS
from tests.api.trade import MISSING_REDEMPTION, MISSING_SERIAL
from tests.api.world import Side
from tests.console.claim_links import a_claim_link
from tests.console.drafts import draft_of
from tests.console.erasures import an_erasure
from tests.console.offline import conflicting_terminal
from tests.console.paper import case_of, note_of, serial_of
from tests.console.people import at
from tests.registration.slips import bundle_of, keying_of, page_of, slip_of

Name = Callable[[Side], Any]


def counted(mark: str) -> str:
    """The same text, once everything that was booked so far is counted."""
    counters = Counters(connect_default, current_configuration().time_zone)
    counters.catch_up()
    counters.close()
    return mark


def change_of(side: Side) -> Change:
    """What was written down of the side's store."""
    return Change.objects.filter(kind="store", object_id=str(side.store.pk)).latest("id")


def login_of(side: Side) -> str:
    """Where somebody of the side logged in from."""
    visit = Visit(ip=f"2001:db8::{side.member.id:x}")
    note_login(side.member, LoginEvent.IN, visit=visit)
    return visit.ip


KEYS: dict[str, Name] = {
    "campaign": lambda side: side.trade.campaign.id,
    "campaign-edit": lambda side: side.trade.campaign.id,
    "campaign-copy": lambda side: side.trade.campaign.id,
    "campaign-rework": lambda side: side.trade.campaign.id,
    "campaign-draft": lambda side: draft_of(side).id,
    "campaign-draft-template": lambda side: draft_of(side).id,
    "campaign-draft-remove": lambda side: draft_of(side).id,
    "campaign-more": lambda side: side.trade.campaign.id,
    "campaign-improve-terms": lambda side: side.trade.campaign.id,
    "batch-new": lambda side: side.trade.campaign.id,
    "approval": lambda side: side.approval.id,
    "approval-rule": lambda side: side.approval_rule.id,
    "approval-rule-edit": lambda side: side.approval_rule.id,
    "batch": lambda side: side.trade.by_code.id,
    "claim-link": lambda side: a_claim_link(side).id,
    "claim-link-tag": lambda side: a_claim_link(side).id,
    "batch-mint": lambda side: side.trade.by_code.id,
    "batch-improve-terms": lambda side: side.trade.by_code.id,
    "batch-activate": lambda side: side.trade.by_code.id,
    "batch-allot": lambda side: side.trade.by_code.id,
    "batch-assign": lambda side: side.trade.by_code.id,
    "batch-pool": lambda side: side.trade.by_code.id,
    "batch-publish": lambda side: side.trade.from_stock.id,
    "batch-print": lambda side: side.trade.by_code.id,
    "print-face": lambda side: side.trade.print_face.id,
    "print-face-edit": lambda side: side.trade.print_face.id,
    "print-face-preview": lambda side: side.trade.print_face.id,
    "print-run": lambda side: side.trade.print_run.id,
    "paper-batch": lambda side: serial_of(side) and side.trade.by_code.id,
    "paper-piece": serial_of,
    "paper-note": lambda side: note_of(side).id,
    "paper-sign": lambda side: note_of(side).id,
    "paper-case": lambda side: case_of(side).id,
    "redemption-reverse": lambda side: side.trade.redemption,
    "voucher-bulk": lambda side: side.bulk.id,
    "bundle": lambda side: bundle_of(side).id,
    "bundle-totals": lambda side: bundle_of(side).id,
    "registration-entry": lambda side: bundle_of(side).id,
    "slip": lambda side: slip_of(side).id,
    "slip-photo": lambda side: slip_of(side).id,
    "slip-photo-new": lambda side: slip_of(side).id,
    "register-page-new": lambda side: bundle_of(side).id,
    "register-page": lambda side: page_of(side).id,
    "register-page-picture": lambda side: page_of(side).id,
    "keying": lambda side: keying_of(side).id,
    "keying-settle": lambda side: keying_of(side).id,
    "batch-digital": lambda side: side.trade.by_code.id,
    "budget": lambda side: side.trade.budget.id,
    "budget-change": lambda side: side.trade.budget.id,
    "budget-transfer": lambda side: side.trade.budget.id,
    "budget-warnings": lambda side: side.trade.budget.id,
    "quota": lambda side: f"{side.trade.by_code.id}-{side.store.pk}",
    "offer": lambda side: side.trade.version.offer_id,
    "voucher": lambda side: side.trade.serial,
    "customer": lambda side: side.customer.id,
    "customer-edit": lambda side: side.customer.id,
    "customer-task": lambda side: side.customer.id,
    "customer-merge": lambda side: side.customer.id,
    "customer-identity-remove": lambda side: side.customer.id,
    "customer-card": lambda side: side.customer.id,
    "customer-show": lambda side: side.customer.id,
    "segment": lambda side: side.segment.id,
    "segment-edit": lambda side: side.segment.id,
    "task": lambda side: side.task.id,
    "erasure": lambda side: an_erasure(side).id,
    "store": lambda side: side.store.pk,
    "store-edit": lambda side: side.store.pk,
    "key": lambda side: side.key.caller.key_id,
    "change": lambda side: change_of(side).id,
    "webhook": lambda side: side.webhook.id,
    "staff-member": lambda side: side.member.id,
    "staff-edit": lambda side: side.member.id,
    "staff-password": lambda side: side.member.id,
    "staff-grant": lambda side: side.member.id,
    "grant": lambda side: side.grant.id,
    "session": lambda side: side.session.pk,
    "role": lambda side: side.role.code,
    "role-edit": lambda side: side.role.code,
    "announcement": lambda side: side.announcement.id,
    "announcement-edit": lambda side: side.announcement.id,
    "organisation": lambda side: side.organisation.id,
    "organisation-move": lambda side: side.store.pk,
    "clerk-new": lambda side: side.store.pk,
    "clerk-edit": lambda side: side.clerk.id,
    "terminal-new": lambda side: side.store.pk,
    "terminal": lambda side: side.terminal.id,
    "terminal-edit": lambda side: side.terminal.id,
    "terminal-code": lambda side: side.terminal.id,
    "terminal-caps": lambda side: side.terminal.id,
    "key-rotate": lambda side: side.key.caller.key_id,
    "webhook-edit": lambda side: side.webhook.id,
    "webhook-secret": lambda side: side.webhook.id,
    "job": lambda side: side.job.id,
    "view": lambda side: side.saved_view.id,
    "job-file": lambda side: side.job.id,
}
_NO_JOB = UUID("00000000-0000-4000-8000-000000000000")
MISSING: dict[str, Any] = dict.fromkeys(KEYS, 2_000_000_009) | {
    "quota": "2000000009-2000000009",
    "voucher": MISSING_SERIAL,
    "redemption-reverse": MISSING_REDEMPTION,
    "job": _NO_JOB,
    "job-file": _NO_JOB,
    "role": "no-such-role",
    "role-edit": "no-such-role",
}
#: What answers with a file, not with a page.
FILES = frozenset({"job-file", "print-face-preview", "slip-photo", "register-page-picture"})
#: For each list a text that stands in it because of an object of a side.
LISTED: dict[str, Name] = {
    "campaigns": lambda side: side.trade.campaign.code,
    "campaign-drafts": lambda side: f'/campaigns/new/{draft_of(side).id}/"',
    "batches": lambda side: f">{side.trade.by_code.name}<",
    "runs": lambda side: f">{side.trade.by_code.name}<",
    "claim-links": lambda side: f">{a_claim_link(side).name}<",
    "print-runs": lambda side: f'/print-runs/{side.trade.print_run.id}/"',
    "print-faces": lambda side: f'/print-layouts/{side.trade.print_face.id}/"',
    "paper": lambda side: f'/paper/{serial_of(side) and side.trade.by_code.id}/"',
    "paper-notes": lambda side: f'/paper/notes/{note_of(side).id}/"',
    "paper-cases": lambda side: f'/paper/cases/{case_of(side).id}/"',
    "voucher-list": lambda side: f'/vouchers/{side.trade.serial}/"',
    "voucher-bulks": lambda side: f'/vouchers/bulk/{side.bulk.id}/"',
    "approvals": lambda side: f'/approvals/{side.approval.id}/"',
    "approvals-all": lambda side: f'/approvals/{side.approval.id}/"',
    "approval-rules": lambda side: f'/approval-rules/{side.approval_rule.id}/"',
    "offers": lambda side: f'/offers/{side.trade.version.offer_id}/"',
    "redemptions": lambda side: f">{side.trade.redemption}<",
    "bundles": lambda side: f">{bundle_of(side).name}<",
    "customers": lambda side: f">{side.customer.number}<",
    "segments": lambda side: f">{side.segment.code}<",
    "tasks": lambda side: f'/tasks/{side.task.id}/"',
    "erasures": lambda side: f'/erasures/{an_erasure(side).id}/"',
    "stores": lambda side: f">{side.store.organisation.code}<",
    "terminals": lambda side: f">{side.terminal.code}<",
    "offline-conflicts": lambda side: f">{conflicting_terminal(side).code}<",
    "budgets": lambda side: f">{side.trade.budget.code}<",
    "entries": lambda side: f">{side.trade.by_code.name}<",
    "accounts": lambda side: counted(f">{side.trade.by_code.name}\n"),
    "store-figures": lambda side: f">{side.store.organisation.code}<",
    "clerk-figures": lambda side: (
        side.trade.redemption and counted(f">{side.store.organisation.name}\n")
    ),
    "quotas": lambda side: side.trade.by_code and f">{side.store.organisation.code}<",
    "keys": lambda side: f'/keys/{side.key.caller.key_id}/"',
    "webhooks": lambda side: f'/webhooks/{side.webhook.id}/"',
    "jobs": lambda side: str(side.job.id),
    "staff": lambda side: f'/staff/{side.member.id}/"',
    "roles": lambda side: f">{side.role.code}<",
    "announcements": lambda side: side.announcement.title_zh,
    "views": lambda side: f">{side.saved_view.name}<",
    "changes": lambda side: f"{side.store.organisation.name}<",
    "logins": lambda side: f">{login_of(side)}<",
}


def addresses(side: Side, *, by_key: bool = False) -> Iterator[tuple[str, str]]:
    """Every address that may be read; ``by_key``: only those about one thing."""
    yield from _addresses(lambda name: KEYS[name](side), by_key=by_key)


def missing_addresses(side: Side) -> Iterator[tuple[str, str]]:
    """Those about one thing, each about one that does not exist."""
    del side
    yield from _addresses(lambda name: MISSING[name], by_key=True)


def _addresses(key_of: Callable[[str], Any], *, by_key: bool) -> Iterator[tuple[str, str]]:
    for screen in SCREENS:
        name = screen.name
        if isinstance(screen, ActionScreen):
            detail = screen.detail
            for action in detail.actions:
                address = at(name, key=key_of(detail.name), action=action.name)
                yield f"{name}:{action.name}", address
        elif "<slug" in screen.path or name == "acting-in":
            continue
        elif "<" in screen.path:
            key = key_of(name)
            for tab in getattr(screen, "tabs", ()):
                yield f"{name}:{tab.name}", f"{at(name, key=key)}?tab={tab.name}"
            if not hasattr(screen, "tabs"):
                yield name, at(name, key=key)
        elif not by_key:
            yield name, at(name)
