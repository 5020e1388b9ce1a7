"""A nationwide issuer as the console's pages meet it: ten million touched vouchers, a million
customers, thousands of stores. Small things by actions, large tables server-side or by COPY.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from benchmarks.report import Report
from benchmarks.server import Bench
from benchmarks.workload import START, redeems
from kaquan.engine.shards import SHARD_KEYS_64

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红玲飞建国"
CITIES = ("北京", "上海", "重庆", "长沙", "厦门", "广州", "成都", "西安", "哈尔滨", "乌鲁木齐")
CALL = 500


class Size(NamedTuple):
    """How large the world is."""

    vouchers: int
    customers: int
    stores: int
    campaigns: int
    redemptions: int
    orders: int
    days: int


FULL = Size(10_000_000, 1_000_000, 2_000, 300, 60_000, 1_000_000, 60)
SMALL = Size(100_000, 20_000, 200, 40, 5_000, 20_000, 14)


@dataclass(frozen=True)
class World:
    """What the measurements ask for."""

    region_id: int
    campaign_ids: Sequence[int]
    batch_id: int
    code: str
    serial: int
    order_no: str
    customer_id: int
    customer_number: str
    customer_name: str
    phone: str


def build(report: Report, bench: Bench, size: Size) -> World:
    """Fill an installation that was migrated and is empty."""
    chance = random.Random(4)
    region_id, store_ids = _places(size)
    report.console.print(f"  {len(store_ids):,} stores")
    campaign_ids, batch_id = _campaigns(size, region_id)
    with bench.superuser() as superuser:
        superuser.execute("SET synchronous_commit = off")
        _customers(superuser, size, store_ids, chance)
        report.console.print(f"  {size.customers:,} customers")
        first = _vouchers(superuser, batch_id, size)
        report.console.print(f"  {size.vouchers:,} vouchers")
        serials = _redeem(batch_id, first, size, store_ids)
        for statement in _FILL:
            superuser.execute(
                statement.encode(), {**size._asdict(), "store_ids": store_ids, "now": now()}
            )
        superuser.execute("VACUUM ANALYZE")
        superuser.execute("CHECKPOINT")
    _count()
    return _world(region_id, campaign_ids, batch_id, serials[-1])


def now() -> datetime:
    """When it is; what was booked lies before."""
    return datetime.now(UTC)  # kaquan-allow: naive-now because a benchmark has no clock to inject


def _places(size: Size) -> tuple[int, list[int]]:
    from kaquan.organisations.actions import create_organisation, create_store
    from kaquan.organisations.models import OrganisationKind as Kind

    root = create_organisation(
        actor=_us(), kind=Kind.HEAD_OFFICE, code="HQ", name="总部", parent_id=None
    )
    regions = [
        create_organisation(
            actor=_us(), kind=Kind.REGION, code=f"R{number}", name=f"{city}大区", parent_id=root.id
        )
        for number, city in enumerate(CITIES[:7])
    ]
    stores = [
        create_store(
            actor=_us(),
            code=f"S{number:05}",
            name=f"{CITIES[number % len(CITIES)]}{GIVEN[number % 30]}{GIVEN[number // 30 % 30]}店",
            parent_id=regions[number % 7].id,
        )
        for number in range(size.stores)
    ]
    return regions[0].id, [store.pk for store in stores]


def _campaigns(size: Size, region_id: int) -> tuple[list[int], int]:
    from kaquan.budgets.actions import open_budget
    from kaquan.campaigns.actions import add_batch, create_campaign
    from kaquan.offers.actions import create_offer

    terms = {
        "benefit": {"kind": "amount_off", "amount_fen": 2_000},
        "validity": {
            "range": {
                "kind": "fixed_range", "first_day": "2026-11-01", "last_day": "2027-12-31"
            }
        },
    }  # fmt: skip
    offer = create_offer(actor=_us(), code="BENCH", name="满减券", terms=terms, at=START)
    budget = open_budget(actor=_us(), code="BENCH", name="年度预算", total_fen=10**13, at=START)
    ids, batch_id = [], 0
    seasons = ("春季", "夏季", "秋季", "冬季")
    for number in range(size.campaigns):
        campaign = create_campaign(
            actor=_us(),
            code=f"CAMP-{number:04}",
            name=f"{CITIES[number % 10]}{seasons[number % 4]}促活 {number}",
            kind=("拉新", "促活", "复购")[number % 3],
            starts_at=START - timedelta(days=number % 50),
            ends_at=START + timedelta(days=300 + number),
            organisation_id=region_id if number % 7 == 0 else None,
        )
        ids.append(campaign.id)
        for part in range(2):
            batch = add_batch(
                actor=_us(),
                campaign_id=campaign.id,
                name=f"{('首批', '补发')[part]} {number}",
                version_id=offer.id,
                quantity=4 * size.vouchers if not batch_id else 1_000,
                budget_id=budget.id,
                by_code=part == 0,
                at=START,
            )
            batch_id = batch_id or batch.id
    return ids, batch_id


def _us() -> Any:
    from kaquan.foundation.actor import system_actor

    return system_actor("bench")


def name_of(number: int) -> str:
    """A customer's name."""
    return SURNAMES[number % 30] + GIVEN[number // 30 % 30] + GIVEN[number // 900 % 30]


def phone_of(number: int) -> str:
    """A customer's phone."""
    return f"+861{30 + number % 70:02}{number * 7919 % 100_000_000:08}"


def _customers(
    superuser: psycopg.Connection[Any], size: Size, store_ids: Sequence[int], chance: random.Random
) -> None:
    from kaquan.customers.finders import finders_of
    from kaquan.customers.models import Customer, PersonBasis
    from kaquan.foundation.encrypted_fields import blind_index, seal

    table = Customer._meta.db_table
    fields = [field for field in Customer._meta.concrete_fields if not field.generated]
    names = [field.column for field in fields]
    types = dict(
        superuser.execute(
            "SELECT attname, atttypid FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [table],
        ).fetchall()
    )
    usual = {
        field.column: field.db_default if field.has_db_default() else field.get_default()
        for field in fields
    }

    def rows() -> Iterator[Mapping[str, Any]]:
        for number in range(1, size.customers + 1):
            name, phone = name_of(number), phone_of(number)
            place = {"table": table, "row_id": number}
            yield {
                **usual,
                "id": number,
                "number": f"M{number:08}",
                "organisation_id": store_ids[number % len(store_ids)],
                "name": seal(name, column="name", **place),
                "phone": seal(phone, column="phone", **place),
                "phone_index": blind_index("phone", phone),
                "finders": finders_of(name=name, phone=phone),
                "person_id": number,
                "person_basis": int(PersonBasis.PHONE),
                "tags": ["vip"] if number % 10 == 0 else [],
                "joined_at": START,
                "first_order_at": START - timedelta(minutes=chance.randrange(500_000)),
            }

    with (
        superuser.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types([types[name] for name in names])
        for row in rows():
            copy.write_row([row[name] for name in names])
    superuser.execute(
        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
    )


def _vouchers(superuser: psycopg.Connection[Any], batch_id: int, size: Size) -> int:
    row = superuser.execute(
        "SELECT min(first_serial) FROM ledger_custody WHERE batch_id = %s", [batch_id]
    ).fetchone()
    assert row is not None
    values = {
        "batch_id": batch_id,
        "serial": row[0],
        "end": size.vouchers,
        "customers": size.customers,
        "shards": list(SHARD_KEYS_64),
    }
    for statement in _VOUCHERS:
        superuser.execute(statement.encode(), values)
    return int(row[0])


def _redeem(batch_id: int, first: int, size: Size, store_ids: Sequence[int]) -> list[int]:
    """Real uses, whose blocks are what lists of the books walk through; on odd serials."""
    from kaquan.ledger.door import open_door

    assert batch_id
    serials = [first + 2 * number + 1 for number in range(size.redemptions)]
    commands = redeems(serials, lines=1)
    door = open_door()
    for position in range(0, len(commands), CALL):
        some = [_at(one, store_ids) for one in commands[position : position + CALL]]
        assert all(outcome.done for outcome in door.submit(some))
    door.close()
    return serials


def _at(command: Any, store_ids: Sequence[int]) -> Any:
    import msgspec

    store_id = store_ids[command.vouchers[0].serial % len(store_ids)]
    facts = msgspec.structs.replace(command.facts, store_id=store_id, store_path=(store_id,))
    return msgspec.structs.replace(command, facts=facts)


def _count() -> None:
    from kaquan.analytics.actions import Counters
    from kaquan.foundation.configuration import current_configuration
    from kaquan.ledger.connections import connect_default

    counters = Counters(connect_default, current_configuration().time_zone)
    counters.catch_up()
    counters.close()


def _world(region_id: int, campaign_ids: Sequence[int], batch_id: int, serial: int) -> World:
    from kaquan.redemption.codes import code_book

    return World(
        region_id=region_id,
        campaign_ids=campaign_ids,
        batch_id=batch_id,
        code=code_book().encode(serial),
        serial=serial,
        order_no="PO-00004711",
        customer_id=4_711,
        customer_number="M00004711",
        customer_name=name_of(4_711),
        phone=phone_of(4_711),
    )


# Blocks are numbered in a lane that no writer takes; even serials, so that real uses fall between.
_VOUCHERS = (
    # kaquan-allow: ledger-writes because a benchmark fills a throw-away ledger
    """INSERT INTO ledger_voucher (serial, last_block, batch_id, version, shard, last_index,
        uses_left, state, customer_id, valid_until)
    SELECT %(serial)s::bigint + 2 * i, (4000000::bigint << 40) + i / 500, %(batch_id)s, 1,
        (%(shards)s::int[])[((%(serial)s::bigint + 2 * i) & 63) + 1], i %% 500, i %% 2,
        CASE i %% 2 WHEN 0 THEN 3 ELSE 2 END, 1 + i %% %(customers)s,
        now() + (i %% 400) * interval '1 day'
    FROM generate_series(0::bigint, %(end)s::bigint - 1) i""",
    # kaquan-allow: ledger-writes because a benchmark fills a throw-away ledger
    """INSERT INTO ledger_entry (block, shard, index, operation, unit, amount, debit, debit_id,
        credit, credit_id, at, serial, version, batch_id)
    SELECT (4000000::bigint << 40) + i / 500, 60, i %% 500, 11, 1, 2000, 2, 1, 6, i %% 200, now(),
        %(serial)s::bigint + 2 * i, 1, %(batch_id)s
    FROM generate_series(0::bigint, %(end)s::bigint - 1) i""",
)
_FILL = (
    """INSERT INTO redemption_order (order_no, store_id, customer_id, ordered_at, total_fen)
    SELECT 'PO-' || lpad(i::text, 8, '0'),
        (%(store_ids)s::int[])[1 + i %% array_length(%(store_ids)s::int[], 1)],
        1 + i %% %(customers)s, %(now)s::timestamptz - i * interval '1 minute', 10000 + i %% 50000
    FROM generate_series(1, %(orders)s) i""",
    """INSERT INTO analytics_storecounter (day, store_id, name, value)
    SELECT %(now)s::date - d, s, n, 10 + d FROM generate_series(0, %(days)s) d,
        unnest(%(store_ids)s::int[]) s,
        unnest(ARRAY['issued', 'redeemed', 'discount_fen', 'reversed', 'cost_fen']) n
    ON CONFLICT DO NOTHING""",
    """INSERT INTO analytics_counter (day, batch_id, name, value)
    SELECT %(now)s::date - d, b.id, n, 10 + d FROM generate_series(0, %(days)s) d,
        campaigns_campaignbatch b,
        unnest(ARRAY['issued', 'redeemed', 'discount_fen', 'reversed', 'cost_fen']) n
    ON CONFLICT DO NOTHING""",
    """INSERT INTO analytics_hourcounter (day, hour, store_id, name, value)
    SELECT %(now)s::date - d, h, s, n, 3 FROM generate_series(0, 2) d, generate_series(8, 22) h,
        unnest(%(store_ids)s::int[]) s,
        unnest(ARRAY['issued', 'redeemed', 'discount_fen', 'reversed']) n
    ON CONFLICT DO NOTHING""",
    """INSERT INTO jobs_job (id, kind, state, title_zh, title_en, parameters, progress_done, actor,
        organisation_path, client_id, attempt, created_at, finished_at, file, file_sha256,
        error_code, error_zh, error_en)
    SELECT gen_random_uuid(), 'bench', CASE i %% 20 WHEN 0 THEN 'failed' ELSE 'done' END,
        '导出 ' || i, 'Export ' || i, '{}', i, '{"kind": "system", "id": "system:bench",
        "name": "bench", "permissions": [], "organisation_path": ""}', '', 0, 1,
        %(now)s::timestamptz - i * interval '1 minute', %(now)s::timestamptz, '', '', '', '', ''
    FROM generate_series(1, 20000) i""",
)
