"""The rest of the console's world: one row of each kind is made, and the database multiplies it.

Rows are as the tables' constraints want them, not as actions would have led to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg


class Many(NamedTuple):
    """A first row, and how the others differ: SQL for columns, where ``i`` counts from 1."""

    model: Any
    number: int
    first: Mapping[str, Any]
    varied: Mapping[str, str]


def fill_rest(
    superuser: psycopg.Connection[Any],
    *,
    scale: int,
    region: tuple[int, str],
    store_ids: Sequence[int],
    batch_ids: Sequence[int],
    customers: int,
    at: datetime,
) -> None:
    """Make ``scale`` thousandths of what a nationwide issuer has of each thing."""
    named = {
        "customers": customers,
        "store_ids": list(store_ids),
        "batch_ids": list(batch_ids),
        "region_id": region[0],
        "region_path": region[1],
        "at": at,
    }
    # Links of the change log's chain are written by a trigger at the commit, one by one.
    superuser.execute("SET session_replication_role = replica")
    for many in _many(store_ids, batch_ids, at):
        _multiply(superuser, many, max(1, many.number * scale // 1_000), named)
    for statement in _CUSTODY:
        superuser.execute(statement.encode(), named)
    superuser.execute("SET session_replication_role = DEFAULT")
    _tasks(100 * scale, customers, at)


def _tasks(number: int, customers: int, at: datetime) -> None:
    """Each is sealed for itself, so the database cannot multiply them."""
    from kaquan.customers.models import Task
    from kaquan.foundation.ids import draw_ids

    Task.objects.bulk_create(
        (
            Task(
                id=task_id,
                customer_id=1 + task_id * 7 % customers,
                title="回访",
                due_on=(at + timedelta(days=task_id % 90 - 60)).date(),
                assignee_id=f"staff:{task_id % 500}",
                made_at=at,
                made_by="李",
                done_at=at if task_id % 10 else None,
            )
            for task_id in draw_ids(Task, number)
        ),
        batch_size=2_000,
    )


def _multiply(
    superuser: psycopg.Connection[Any], many: Many, number: int, named: Mapping[str, Any]
) -> None:
    first = {name: one() if callable(one) else one for name, one in many.first.items()}
    row = many.model(**first)
    row.save(force_insert=True)
    table = many.model._meta.db_table
    usual = [field.column for field in many.model._meta.concrete_fields if not field.generated]
    columns = [name for name in usual if name in many.varied or name != "id"]
    values = ", ".join(many.varied.get(name, f'one."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    key = many.model._meta.pk.column
    made = f"WHERE {key} = %(first)s" if key else "LIMIT 1"
    superuser.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM (SELECT * FROM {table}"
        f" {made}) AS one, generate_series(1, %(number)s) AS i".encode(),
        {**named, "number": number, "first": row.pk if key else 0},
    )


_STORE = "(%(store_ids)s::int[])[1 + i %% array_length(%(store_ids)s::int[], 1)]"
_OTHER_STORE = "(%(store_ids)s::int[])[1 + (i * 7 + 3) %% array_length(%(store_ids)s::int[], 1)]"
_BATCH = "(%(batch_ids)s::int[])[1 + i %% array_length(%(batch_ids)s::int[], 1)]"
_PATH = "CASE i %% 7 WHEN 0 THEN %(region_path)s ELSE '' END"
_OWNER = "CASE i %% 7 WHEN 0 THEN %(region_id)s ELSE NULL END"
_SOMEBODY = "'staff:' || i %% 500"
_VIPS = {"kind": "group", "of": [{"kind": "tags", "every": ["vip"]}]}
_CUSTOMER = "1 + i %% %(customers)s"


def _ago(minutes: str) -> str:
    return f"%(at)s::timestamptz - {minutes} * interval '1 minute'"


def _many(store_ids: Sequence[int], batch_ids: Sequence[int], at: datetime) -> list[Many]:
    return [
        *_system(at),
        *_work(batch_ids[0], at),
        *_people(store_ids[0], at),
        *_paper(store_ids, batch_ids[0], at),
    ]


def _system(at: datetime) -> list[Many]:
    from kaquan.access.models import ApiClient
    from kaquan.foundation.changes.models import Change
    from kaquan.foundation.jobs.models import Job
    from kaquan.integrations.models import WebhookDelivery, WebhookEndpoint
    from kaquan.staff.models import Announcement
    from kaquan.staff.saved_views.models import SavedView

    actor = {"kind": "system", "id": "system:bench", "name": "bench", "permissions": [],
             "organisation_path": ""}  # fmt: skip
    endpoint = WebhookEndpoint(
        client_id=0, url="https://till.example/hook", event_types=[], created_at=at
    )
    return [
        Many(Change, 1_000_000,
             {"at": at, "actor_kind": "staff", "actor_id": "staff:1", "actor_name": "李",
              "origin": "10.0.0.1", "verb": "stores.edit", "kind": "store", "object_id": "1",
              "object_name": "门店", "before": {"hours": "9-21"}, "after": {"hours": "10-22"}},
             {"at": _ago("(1000000 - i)"), "actor_id": _SOMEBODY, "organisation_path": _PATH,
              "object_id": "(1 + i %% 2000)::text",
              "kind": "(ARRAY['store', 'customer', 'batch', 'customer_look', 'staff'])[1 + i %% 5]",
              }),
        Many(Job, 50_000,
             {"kind": "bench", "state": "done", "title_zh": "导出", "title_en": "Export",
              "parameters": {}, "actor": actor, "created_at": at, "finished_at": at},
             {"id": "gen_random_uuid()", "created_at": _ago("i"), "organisation_path": _PATH,
              "state": "CASE i %% 20 WHEN 0 THEN 'failed' ELSE 'done' END",
              "file": "CASE i %% 50 WHEN 0 THEN i || '.csv' ELSE '' END",
              "actor": "jsonb_set(one.actor, '{id}', to_jsonb('staff:' || i %% 500))"}),
        Many(WebhookEndpoint, 200,
             {f.name: getattr(endpoint, f.name) for f in WebhookEndpoint._meta.fields
              if f.name != "id"},
             {"organisation_id": _OWNER, "url": "one.url || i"}),
        Many(WebhookDelivery, 500_000,
             {"endpoint_id": 1, "event_id": "0", "event_type": "voucher.redeemed", "stream": 1,
              "body": "{}", "state": "delivered", "created_at": at, "due_since": at,
              "next_attempt_at": at},
             {"event_id": "i::text", "stream": "i", "created_at": _ago("(500000 - i)"),
              "state": "CASE i %% 1000 WHEN 0 THEN 'dead' ELSE 'delivered' END"}),
        Many(ApiClient, 1_000, {"name": "till", "created_at": at},
             {"name": "'till ' || i", "organisation_id": _OWNER}),
        Many(Announcement, 500,
             {"title_zh": "通知", "starts_at": at - timedelta(9), "ends_at": at - timedelta(1),
              "created_at": at, "created_by": "staff:1"},
             {"title_zh": "'通知 ' || i", "organisation_id": _OWNER}),
        Many(SavedView, 5_000,
             {"owner": "staff:0", "owner_name": "李", "screen": "stores", "name": "0",
              "query": "size=50", "created_at": at},
             {"owner": _SOMEBODY, "name": "i::text",
              "shared_path": "CASE i %% 50 WHEN 0 THEN '' ELSE NULL END"}),
    ]  # fmt: skip


def _work(batch_id: int, at: datetime) -> list[Many]:
    from kaquan.approvals.models import ApprovalRequest
    from kaquan.campaigns.models import Campaign, CampaignDraft
    from kaquan.offers.models import Offer
    from kaquan.redemption.models import BulkCare
    from kaquan.wallet.models import ClaimLink

    return [
        Many(Campaign, 3_000,
             {"code": "OLD", "name": "往年促活", "kind": "促活", "starts_at": at - timedelta(700),
              "ends_at": at - timedelta(400), "status": "over"},
             {"code": "'OLD-' || i", "name": "'往年促活 ' || i", "organisation_id": _OWNER}),
        Many(CampaignDraft, 2_000,
             {"name": "草稿", "maker": "staff:1", "maker_name": "李", "step": "basics",
              "changed_by_name": "李", "changed_at": at},
             {"name": "'草稿 ' || i", "organisation_id": _OWNER, "maker": _SOMEBODY,
              "is_template": "i %% 100 = 0"}),
        Many(ApprovalRequest, 100_000,
             {"kind": "campaigns.start", "subject_kind": "campaign", "subject_id": 1_000_000,
              "title": "春季促活", "amount_fen": 100_000, "content": {}, "content_hash": "0" * 64,
              "levels": [{"role": "", "at": "head_office", "node": None}], "state": "approved",
              "asked_at": at, "ended_at": at, "asked_by": "staff:1", "asked_by_name": "李"},
             {"subject_id": "1000000 + i", "amount_fen": "i * 7 %% 1000000",
              "title": "(ARRAY['春季', '夏季', '秋季'])[1 + i %% 3] || '促活 ' || i",
              "organisation_id": _OWNER, "waits_at_id": _OWNER, "asked_by": _SOMEBODY,
              "state": "CASE i %% 100 WHEN 0 THEN 'open' ELSE 'approved' END",
              "ended_at": "CASE i %% 100 WHEN 0 THEN NULL ELSE one.ended_at END"}),
        Many(Offer, 1_000, {"code": "OLD", "name": "往年券"},
             {"code": "'OLD-' || i", "name": "'往年券 ' || i", "organisation_id": _OWNER}),
        Many(BulkCare, 5_000,
             {"operation": "extend", "reason": "门店停业", "file_name": "a.csv", "digest": "0",
              "state": "done", "actor": {}, "made_by": "staff:1", "made_by_name": "李",
              "created_at": at, "ended_at": at},
             {"organisation_id": _OWNER, "created_at": _ago("i"), "digest": "i::text"}),
        Many(ClaimLink, 2_000,
             {"token": "0", "batch_id": batch_id, "name": "海报", "channel": "poster",
              "made_at": at, "made_by": "李"},
             {"token": "'t' || i", "batch_id": _BATCH, "name": "'海报 ' || i"}),
    ]  # fmt: skip


def _people(store_id: int, at: datetime) -> list[Many]:
    from kaquan.customers.models import ErasureRequest, Purchases, Segment, Uses
    from kaquan.organisations.models import Clerk, Terminal
    from kaquan.redemption.models import Order
    from kaquan.registration.models import Bundle, Slip
    from kaquan.staff.models import RoleGrant, StaffUser

    return [
        Many(Clerk, 20_000,
             {"staff_no": "E0", "name": "张", "organisation_id": store_id},
             {"staff_no": "'E' || i", "organisation_id": _STORE}),
        Many(Terminal, 6_000, {"code": "T0", "store_id": store_id, "kind": "till"},
             {"code": "'T' || i", "store_id": _STORE}),
        Many(StaffUser, 20_000,
             {"username": "old-0", "name": "张店长", "password": "!", "created_at": at,
              "created_by": "staff:1"},
             {"username": "'old-' || i", "organisation_id": _STORE, "name": "'张店长 ' || i"}),
        Many(RoleGrant, 20_000,
             {"user_id": lambda: StaffUser.objects.get(username="old-0").pk,
              "role_id": "store_manager", "starts_at": at, "granted_by": "staff:1"},
             {"user_id": "(SELECT min(id) FROM staff_user WHERE username = 'old-0') + i",
              "organisation_id": _STORE}),
        Many(ErasureRequest, 5_000,
             {"customer_id": 1, "state": "done", "requested_at": at, "ended_at": at,
              "requested_by": "staff:1"},
             {"customer_id": "1 + i * 3"}),
        Many(Segment, 300,
             {"code": "S0", "name": "老客", "conditions": _VIPS,
              "made_at": at, "made_by": "李", "changed_at": at},
             {"code": "'S' || i", "name": "'老客 ' || i", "organisation_id": _OWNER}),
        Many(Uses, 999_999,
             {"customer_id": 1, "uses": 3, "discount_fen": 6_000, "last_used_at": at},
             {"customer_id": "1 + i", "uses": "i %% 9", "last_used_at": _ago("i %% 90000")}),
        Many(Purchases, 999_999,
             {"customer_id": 1, "orders": 3, "spend_fen": 60_000, "last_ordered_at": at},
             {"customer_id": "1 + i", "orders": "i %% 20", "spend_fen": "i * 37 %% 1000000"}),
        Many(Order, 1_000_000,
             {"order_no": "PO", "store_id": store_id, "ordered_at": at, "total_fen": 10_000},
             {"order_no": "'PO-' || lpad(i::text, 8, '0')", "store_id": _STORE,
              "customer_id": _CUSTOMER, "ordered_at": _ago("i"),
              "total_fen": "10000 + i %% 50000"}),
        Many(Bundle, 20_000,
             {"name": "手工券", "slips_told": 50, "amount_told_fen": 100_000, "opened_at": at,
              "opened_by": "staff:1", "opened_by_name": "李"},
             {"name": "'手工券 ' || i", "organisation_id": _OWNER, "opened_at": _ago("i"),
              "closed_at": "CASE WHEN i < 19000 THEN one.opened_at END"}),
        Many(Slip, 500_000,
             {"bundle_id": 1, "serial": 64, "store_id": store_id, "used_at": at, "once": "0",
              "state": "registered", "redemption_block": 1, "redemption_index": 0, "typed_at": at,
              "typed_by": "staff:1", "typed_by_name": "李"},
             {"bundle_id": "1 + i / 50", "serial": "64 + i", "store_id": _STORE,
              "once": "i::text"}),
    ]  # fmt: skip


def _paper(store_ids: Sequence[int], batch_id: int, at: datetime) -> list[Many]:
    from kaquan.custody.models import PaperCase, TransferNote
    from kaquan.printing.models import PrintFace, PrintRun

    return [
        Many(TransferNote, 50_000,
             {"batch_id": batch_id, "source_id": store_ids[0], "target_id": store_ids[1],
              "parts": [[64, 10]], "quantity": 10, "received": [[64, 10]], "state": "signed",
              "once": "0", "sent_at": at, "sent_by": "staff:1", "sent_by_name": "李",
              "signed_at": at, "signed_by": "staff:2", "signed_by_name": "王"},
             {"once": "i::text", "batch_id": _BATCH, "source_id": _STORE,
              "target_id": _OTHER_STORE, "sent_at": _ago("i"),
              "state": "CASE i %% 100 WHEN 0 THEN 'sent' ELSE 'signed' END"}),
        Many(PaperCase, 10_000,
             {"kind": "missing", "batch_id": batch_id, "organisation_id": store_ids[0],
              "parts": [[64, 1]], "quantity": 1, "is_alert": False, "state": "closed", "once": "0",
              "opened_at": at, "opened_by": "staff:1", "opened_by_name": "李", "verdict": "find",
              "proposed_by": "staff:1", "closed_at": at, "closed_by": "staff:2"},
             {"once": "i::text", "batch_id": _BATCH, "organisation_id": _STORE,
              "state": "CASE i %% 50 WHEN 0 THEN 'open' ELSE 'closed' END"}),
        Many(PrintFace, 100, {"name": "卡面", "layout": {"title": "满减券"}},
             {"name": "'卡面 ' || i", "organisation_id": _OWNER}),
        Many(PrintRun, 3_000,
             {"batch_id": batch_id, "face_name": "卡面", "layout": {"title": "满减券"}, "terms": [],
              "quantity": 100, "ranges": [[64, 100]], "created_at": at, "created_by": "李"},
             {"batch_id": _BATCH, "created_at": _ago("i")}),
    ]  # fmt: skip


# Batches that nothing was issued from are cut into parts of ten, on paper in the stores' hands.
_CUSTODY = (
    # kaquan-allow: ledger-writes because a benchmark fills a throw-away ledger
    """WITH cut AS (
        DELETE FROM ledger_custody c USING campaigns_campaignbatch b
         WHERE c.batch_id = b.id AND NOT b.by_code AND c.quantity >= 1000
        RETURNING c.*)
    INSERT INTO ledger_custody (first_serial, quantity, batch_id, organisation_id, shard, active,
        piece)
    SELECT c.first_serial + 10 * n, 10, c.batch_id,
        (%(store_ids)s::int[])[1 + (c.batch_id * 7 + n) %% array_length(%(store_ids)s::int[], 1)],
        c.shard, n %% 2 = 0, (ARRAY[1, 2, 3, 3, 5])[1 + n %% 5]
    FROM cut c, generate_series(0, c.quantity / 10 - 1) n""",
)
