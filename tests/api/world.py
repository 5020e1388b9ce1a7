"""What operations may be asked for: for each name of a parameter, an object of one side.

A new operation whose path or body names a new kind of object needs a line in ``SUBJECTS`` here;
without it the scope matrix and the examples fail, for they do not know how to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from allauth.usersessions.models import UserSession
from django.db import transaction

from kaquan.approvals.models import ApprovalRequest, ApprovalRule
from kaquan.approvals.rules import create_rule
from kaquan.customers.actions import create_customer
from kaquan.customers.erasing import request_erasure
from kaquan.customers.merging import merge_customers
from kaquan.customers.models import Customer, Segment, Task
from kaquan.customers.segmenting import create_segment
from kaquan.customers.tasks import add_task
from kaquan.foundation.jobs.actions import begin, finish, start
from kaquan.foundation.jobs.exports import new_file, path_of
from kaquan.foundation.jobs.models import Job
from kaquan.integrations.actions import create_endpoint, send_test_event
from kaquan.integrations.models import WebhookDelivery, WebhookEndpoint
from kaquan.organisations.models import Clerk, Organisation, Store, Terminal, TerminalKind
from kaquan.organisations.staffing import create_clerk, create_terminal
from kaquan.redemption.bulk_care import start_check
from kaquan.redemption.models import BulkCare
from kaquan.staff.actions import create_staff
from kaquan.staff.announcing import announce
from kaquan.staff.composing import create_role
from kaquan.staff.granting import grant_role
from kaquan.staff.models import Announcement, Role, RoleGrant, StaffUser
from kaquan.staff.saved_views.actions import save_view
from kaquan.staff.saved_views.models import SavedView
from tests.api.calling import Api, an_api
from tests.api.trade import MISSING_REDEMPTION, MISSING_SERIAL, Trade, missing_code
from tests.builders.access import ApiKeyMade, a_key
from tests.builders.issuer import NOON, SYSTEM, a_number, a_store, an_organisation, staff_of
from tests.campaigns.stages import a_draft, handed_in


class Side:
    """A part of the organisation with objects of its own; each is made when it is first named."""

    def __init__(self, root: Organisation) -> None:
        self.organisation = an_organisation(a_number("片区"), root)

    @cached_property
    def store(self) -> Store:
        return a_store(self.organisation)

    @cached_property
    def clerk(self) -> Clerk:
        return create_clerk(
            actor=SYSTEM,
            staff_no=a_number("E"),
            name="李娜",
            organisation_id=self.organisation.id,
        )

    @cached_property
    def terminal(self) -> Terminal:
        return create_terminal(
            actor=SYSTEM,
            code=a_number("T"),
            store_code=self.store.organisation.code,
            kind=TerminalKind.TILL,
        )

    @cached_property
    def customer(self) -> Customer:
        return self.a_customer()

    def a_customer(self) -> Customer:
        return create_customer(
            actor=staff_of(self.organisation), number=a_number("M"), name="李小红", tags=["vip"]
        )

    @cached_property
    def segment(self) -> Segment:
        return create_segment(
            actor=staff_of(self.organisation),
            code=a_number("seg-"),
            name="常客",
            conditions={"kind": "group", "of": [{"kind": "tags", "any": ["vip"]}]},
        )

    @cached_property
    def task(self) -> Task:
        return add_task(
            actor=staff_of(self.organisation),
            customer_id=self.customer.id,
            title="回访",
            due_on=date(2026, 12, 31),
        )

    @cached_property
    def client_id(self) -> int:
        return a_key("jobs.view", organisation=self.organisation).caller.client_id

    def api(self, *permissions: str) -> Api:
        """A caller of this side with these permissions, all if none are named; always a new key of
        the same client, for a key has a rate limit."""
        return an_api(*permissions, client_id=self.client_id)

    @cached_property
    def job(self) -> Job:
        """One that is done and has a file."""
        client_id = self.client_id
        with transaction.atomic():  # a worker that runs beside it sees nothing to take
            job = start(
                actor=staff_of(self.organisation),
                kind="tests.nothing",
                title_zh="无事",
                title_en="Nothing",
                parameters={},
                client_id=client_id,
            )
            begin(job.id)
            with new_file(job.id, "结果.csv") as file:
                file.write("序号\n1\n".encode())
            return finish(job.id, {"rows": 1}, path_of(job.id, "结果.csv"))

    @cached_property
    def bulk(self) -> BulkCare:
        """A file of vouchers that nobody has checked yet."""
        return start_check(
            actor=staff_of(self.organisation),
            operation="freeze",
            reason="查",
            valid_until=None,
            file_name="券.csv",
            content=[b"serial\n64\n"],
            at=NOON,
        )

    @cached_property
    def approval(self) -> ApprovalRequest:
        """Of a campaign that somebody of this side handed in."""
        return handed_in(a_draft(self.organisation))

    @cached_property
    def approval_rule(self) -> ApprovalRule:
        return create_rule(
            actor=SYSTEM,
            kind="batch.mint",
            organisation_id=self.organisation.id,
            from_amount_fen=100,
            levels=[{"role": "", "at": "own"}],
        )

    @cached_property
    def trade(self) -> Trade:
        """What this side trades with."""
        return Trade(self.organisation, self.store.organisation.code, self.customer.number)

    @cached_property
    def key(self) -> ApiKeyMade:
        return a_key("organisations.view", organisation=self.organisation)

    @cached_property
    def webhook(self) -> WebhookEndpoint:
        return create_endpoint(
            actor=SYSTEM,
            client_id=1,
            url="https://203.0.114.10/kaquan",
            organisation_id=self.organisation.id,
            at=NOON,
        )

    @cached_property
    def saved_view(self) -> SavedView:
        return save_view(
            actor=staff_of(self.organisation),
            screen="stores",
            name=a_number("视图"),
            query="status=open",
            at=NOON,
            shared=True,
        )

    @cached_property
    def member(self) -> StaffUser:
        """Somebody who works here and holds a role."""
        return create_staff(
            actor=SYSTEM,
            username=a_number("member-"),
            name="赵敏",
            at=NOON,
            organisation_id=self.organisation.id,
        ).user

    @cached_property
    def grant(self) -> RoleGrant:
        return grant_role(
            actor=SYSTEM,
            user_id=self.member.id,
            role_code="clerk",
            organisation_id=self.organisation.id,
            at=NOON,
        )

    @cached_property
    def session(self) -> UserSession:
        """Of somebody else: whoever lists a person's sessions clears those away that have ended."""
        other = create_staff(
            actor=SYSTEM,
            username=a_number("guest-"),
            name="钱进",
            at=NOON,
            organisation_id=self.organisation.id,
        )
        return UserSession.objects.create(
            user=other.user,
            session_key=a_number("session-"),
            ip="203.0.113.9",
            user_agent="Firefox",
        )

    @cached_property
    def role(self) -> Role:
        return create_role(
            actor=SYSTEM,
            code=a_number("role-"),
            name_zh="片区稽核",
            name_en="Area check",
            permissions=["ledger.view"],
            organisation_id=self.organisation.id,
        )

    @cached_property
    def announcement(self) -> Announcement:
        return announce(
            actor=SYSTEM,
            title_zh=a_number("盘点通知 "),
            starts_at=NOON,
            ends_at=NOON + timedelta(days=365),
            organisation_id=self.organisation.id,
            at=NOON,
        )

    @cached_property
    def delivery(self) -> WebhookDelivery:
        return send_test_event(actor=SYSTEM, endpoint_id=self.webhook.id, at=NOON)


class Subject(NamedTuple):
    """How to name an object of a side, and one that does not exist."""

    of: Callable[[Side], Any]
    missing: Any


_NODE = Subject(lambda side: side.organisation.id, 2_000_000_001)
_STORE = Subject(lambda side: side.store.organisation.code, "S-NONE")

SUBJECTS: Mapping[str, Subject] = {
    "organisation_id": _NODE,
    "parent_id": _NODE,
    "under_id": _NODE,
    "store": _STORE,
    "stores": Subject(lambda side: [side.store.organisation.code], ["S-NONE"]),
    "staff_no": Subject(lambda side: side.clerk.staff_no, "E-NONE"),
    "terminal": Subject(lambda side: side.terminal.code, "T-NONE"),
    "client_id": Subject(lambda side: side.key.caller.client_id, 2_000_000_002),
    "customer": Subject(lambda side: side.customer.number, "M-NONE"),
    "into": Subject(lambda side: side.a_customer().number, "M-NONE"),
    "job_id": Subject(lambda side: str(side.job.id), "00000000-0000-4000-8000-000000000000"),
    "customers": Subject(lambda side: [side.customer.number], ["M-NONE"]),
    "from_customer": Subject(lambda side: side.customer.number, "M-NONE"),
    "to_customer": Subject(lambda side: side.a_customer().number, "M-NONE"),
    "offer_id": Subject(lambda side: side.trade.version.offer_id, 2_000_000_020),
    "version_id": Subject(lambda side: side.trade.version.id, 2_000_000_021),
    "campaign_id": Subject(lambda side: side.trade.campaign.id, 2_000_000_022),
    "batch_id": Subject(lambda side: side.trade.batch.id, 2_000_000_023),
    "budget_id": Subject(lambda side: side.trade.budget.id, 2_000_000_024),
    "publication_id": Subject(lambda side: side.trade.publication.id, 2_000_000_025),
    "first_serial": Subject(lambda side: side.trade.first_serial, MISSING_SERIAL),
    "serial": Subject(lambda side: side.trade.serial, MISSING_SERIAL),
    "voucher_code": Subject(lambda side: side.trade.code, missing_code()),
    "redemption": Subject(lambda side: side.trade.redemption, MISSING_REDEMPTION),
    "key_id": Subject(lambda side: side.key.caller.key_id, 2_000_000_003),
    "webhook_id": Subject(lambda side: side.webhook.id, 2_000_000_010),
    "delivery_id": Subject(lambda side: side.delivery.id, 2_000_000_011),
}

#: (operation, field of its body): names that the body gives to what it creates, or that name
#: nothing of an issuer's (an order number of a shop, say).
NEW_NAMES: frozenset[tuple[str, str]] = frozenset(
    {
        ("create_batch", "by_code"),
        ("create_clerk", "staff_no"),
        ("create_customer", "number"),
        ("create_terminal", "terminal"),
    }
)


def _ask_for_erasure(side: Side) -> None:
    request_erasure(actor=staff_of(side.organisation), number=side.customer.number, at=NOON)


def _merge(side: Side) -> None:
    merge_customers(
        actor=staff_of(side.organisation),
        number=side.customer.number,
        into_number=side.a_customer().number,
    )


def _draft(side: Side) -> None:
    side.trade.campaign = a_draft(side.organisation)


#: What must have happened to a side's objects before an operation's example can work.
PREPARATIONS: Mapping[str, Callable[[Side], None]] = {
    "get_erasure": _ask_for_erasure,
    "withdraw_erasure": _ask_for_erasure,
    "complete_erasure": _ask_for_erasure,
    "undo_merge": _merge,
    "submit_campaign": _draft,
    "activate_vouchers": lambda side: side.trade.choose_dead(),
    "create_publication": lambda side: side.trade.choose_stock(),
    "adjust_voucher": lambda side: side.trade.choose_count_card(),
    "expire_voucher": lambda side: side.trade.choose_old(),
    "unfreeze_voucher": lambda side: side.trade.freeze(),
}
