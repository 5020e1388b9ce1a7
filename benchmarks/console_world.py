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

from benchmarks.console_books import Books
from benchmarks.console_counted import FIGURES, SUMS
from benchmarks.console_rest import fill_rest
from benchmarks.console_vouchers import Shelf, Till
from benchmarks.report import Report
from benchmarks.server import Bench
from benchmarks.workload import START, redeems

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红玲飞建国"
CITIES = ("北京", "上海", "重庆", "长沙", "厦门", "广州", "成都", "西安", "哈尔滨", "乌鲁木齐")
CALL = 500
HEAVY_CUSTOMER = 4_711


class Size(NamedTuple):
    """How large the world is."""

    vouchers: int
    customers: int
    stores: int
    campaigns: int
    redemptions: int
    days: int
    rest: int
    """Thousandths of everything else that a nationwide issuer has."""


SIZES = {
    "full": Size(10_000_000, 1_000_000, 2_000, 300, 60_000, 60, 1_000),
    "medium": Size(1_000_000, 100_000, 2_000, 300, 20_000, 60, 100),
    "small": Size(100_000, 20_000, 200, 40, 5_000, 14, 20),
}


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
    store_id: int
    small_batch_id: int


def build(report: Report, bench: Bench, size: Size) -> World:
    """Fill an installation that was migrated and is empty."""
    chance = random.Random(4)
    region, store_ids = _places(size)
    report.console.print(f"  {len(store_ids):,} stores")
    campaign_ids, batch_ids = _campaigns(size, region[0])
    report.console.print(f"  {len(campaign_ids):,} campaigns")
    with bench.superuser() as superuser:
        superuser.execute("SET synchronous_commit = off")
        _customers(superuser, size, store_ids, chance)
        report.console.print(f"  {size.customers:,} customers")
        first = _books(superuser, batch_ids, size, store_ids)
        report.console.print(f"  {size.vouchers:,} vouchers")
        fill_rest(
            superuser,
            scale=size.rest,
            region=region,
            store_ids=store_ids,
            batch_ids=batch_ids,
            customers=size.customers,
            at=now(),
        )
        for statement in FIGURES:
            superuser.execute(
                statement.encode(), {**size._asdict(), "store_ids": store_ids, "now": now()}
            )
        report.console.print("  the rest")
        serials = _redeem(first, size, store_ids)
        superuser.execute("VACUUM ANALYZE")
        superuser.execute("CHECKPOINT")
    _count()
    return _world(region[0], campaign_ids, batch_ids, serials[-1], store_ids[0])


def now() -> datetime:
    """When it is; what was booked lies before."""
    return datetime.now(UTC)  # kaquan-allow: naive-now because a benchmark has no clock to inject


def _places(size: Size) -> tuple[tuple[int, str], list[int]]:
    """The first region with its path, and the stores."""
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
    return (regions[0].id, regions[0].path), [store.pk for store in stores]


def _campaigns(size: Size, region_id: int) -> tuple[list[int], list[int]]:
    """Campaigns with a batch that has codes and one from stock; the first batch is the largest."""
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
    budgets = [
        open_budget(actor=_us(), code=f"B{n:04}", name=f"年度预算 {n}", total_fen=10**13, at=START)
        for n in range(max(1, size.campaigns // 3))
    ]
    ids: list[int] = []
    batch_ids: list[int] = []
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
                quantity=_quantity(size, number, part),
                budget_id=budgets[number % len(budgets)].id,
                by_code=part == 0,
                at=START,
            )
            batch_ids.append(batch.id)
    return ids, batch_ids


def _quantity(size: Size, number: int, part: int) -> int:
    """Four in ten vouchers are of the first batch; every second serial is left untouched."""
    if part:
        return 1_000
    return 2 * size.vouchers if not number else 2 * size.vouchers // size.campaigns + 1_000


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


def _books(
    superuser: psycopg.Connection[Any],
    batch_ids: Sequence[int],
    size: Size,
    store_ids: Sequence[int],
) -> int:
    """Returns the first serial of the largest batch."""
    from kaquan.analytics.accounts import TOGETHER
    from kaquan.analytics.actions import CONSUMER

    shelves = [
        Shelf(*row)
        for row in superuser.execute(
            "SELECT c.batch_id, b.budget_id, min(c.first_serial) FROM ledger_custody c"
            " JOIN campaigns_campaignbatch b ON b.id = c.batch_id"
            " WHERE b.by_code AND c.batch_id = any(%s) GROUP BY 1, 2 ORDER BY 1",
            [list(batch_ids)],
        )
    ]
    tills = [
        Till(number, tuple(map(int, path.strip(".").split("."))))
        for number, path in superuser.execute(
            "SELECT id, path FROM organisations_organisation WHERE id = any(%s) ORDER BY id",
            [list(store_ids)],
        )
    ]
    Books(
        superuser,
        shelves=shelves,
        tills=tills,
        vouchers=size.vouchers,
        customers=size.customers,
        heavy_customer_id=HEAVY_CUSTOMER,
        until=now() - timedelta(hours=1),
    ).fill()
    for statement in SUMS:
        superuser.execute(
            statement.encode(),
            {"consumer": CONSUMER, "together": list(TOGETHER), "zone": "Asia/Shanghai"},
        )
    return shelves[0].first_serial


def _redeem(first: int, size: Size, store_ids: Sequence[int]) -> list[int]:
    """Real uses by the door, the last that happened; on odd serials."""
    from kaquan.ledger.door import open_door

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


def _world(
    region_id: int,
    campaign_ids: Sequence[int],
    batch_ids: Sequence[int],
    serial: int,
    store_id: int,
) -> World:
    from kaquan.redemption.codes import code_book

    return World(
        region_id=region_id,
        campaign_ids=campaign_ids,
        batch_id=batch_ids[0],
        small_batch_id=batch_ids[2],
        code=code_book().encode(serial),
        serial=serial,
        order_no="PO-00004711",
        customer_id=HEAVY_CUSTOMER,
        customer_number="M00004711",
        customer_name=name_of(HEAVY_CUSTOMER),
        phone=phone_of(HEAVY_CUSTOMER),
        store_id=store_id,
    )
