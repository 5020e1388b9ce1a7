"""How long people wait for the console's pages at a nationwide issuer's size.

Every list: its first page, the second, each of its orders, and each field of its query form; the
search; the workbench; pages about one thing. As somebody of the head office, and of one region.
Bar: 95 of 100 answers within 300 ms, on a machine that nobody else uses; the median and the slowest
are told as well, and what was computed for each, whoever else computed. The plans of the slowest
statements are kept beside the figures. ``KAQUAN_BENCH_CONSOLE`` takes a ``small`` or ``medium``
issuer; with ``KAQUAN_BENCH_HOME`` a full one is filled once and measured again and again, each page
``KAQUAN_BENCH_TIMES`` times.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import msgspec
import psycopg

from benchmarks.console_pages import Ask, addresses
from benchmarks.console_world import SIZES, Size, World, build, now
from benchmarks.report import RESULTS, Report, machine
from benchmarks.server import Bench

BAR_MS = 300
TIMES = int(os.environ.get("KAQUAN_BENCH_TIMES", "20"))
ROUNDS_MAX = 2
PLAN_FROM_MS = 60
"""Statements that take so long are explained."""


@dataclass
class Asked:
    """The statements that were sent while a page was made."""

    statements: list[tuple[float, str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Measure:
    """How long one address took, how many rows it showed, and the plan of its slowest statement.

    ``rounds``: how often it was measured: the quickest round is told. ``cpu_ms`` is what the page,
    its database session and that one's workers computed for it, whoever else used the machine.
    """

    who: str
    what: str
    p50_ms: float
    p95_ms: float
    slowest_ms: float
    cpu_ms: float
    statements: int
    status: int
    rows: int
    rounds: int = 1
    nodes: str = ""


def run(report: Report, bench: Bench) -> None:
    """Build the world and ask for every page of it."""
    size = SIZES[os.environ.get("KAQUAN_BENCH_CONSOLE", "full")]
    world = _world(report, bench, size)
    measures, plans = measure(report, bench, world)
    for who in ("head office", "region"):
        some = [one for one in measures if one.who == who]
        worst = max(some, key=lambda one: one.p95_ms)
        report(f"console, {who}: median of pages", _median([m.p50_ms for m in some]), "ms")
        report(f"console, {who}: worst p95 ({worst.what})", worst.p95_ms, "ms", f"< {BAR_MS}")
        costly = max(some, key=lambda one: one.cpu_ms)
        report(f"console, {who}: most computing ({costly.what})", costly.cpu_ms, "ms")
        slow = sum(one.p50_ms >= BAR_MS for one in some)
        report(f"console, {who}: of {len(some)} addresses with a median over it", slow, "", "0")
        late = sum(one.p95_ms >= BAR_MS for one in some)
        report(f"console, {who}: of {len(some)} addresses with a p95 over it", late, "", "0")
    path = _keep(size._asdict(), measures, plans)
    report.console.print(f"  all figures and plans are in {path}")


def _world(report: Report, bench: Bench, size: Size) -> World:
    """The world that an earlier run filled, or a new one."""
    kept = bench.configuration.home / "console-world.json"
    if kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=World)
    start_s = perf_counter()
    world = build(report, bench, size)
    report(f"filling {size.vouchers:,} vouchers", perf_counter() - start_s, "s")
    kept.write_bytes(msgspec.json.encode(world))
    return world


def measure(
    report: Report, bench: Bench, world: World
) -> tuple[list[Measure], list[dict[str, Any]]]:
    """Each address of each person, some times; and the plans of what is slow."""
    from django.conf import settings
    from django.test import Client

    from kaquan.foundation.django_setup import collect_static_files

    settings.ALLOWED_HOSTS = ["*"]
    collect_static_files()
    measures: list[Measure] = []
    plans: list[dict[str, Any]] = []
    explained: set[str] = set()
    for who, organisation_id in (("head office", None), ("region", world.region_id)):
        client = Client(headers={"host": "localhost", "accept-language": "zh-hans"})
        client.force_login(_somebody(organisation_id))
        own = world if organisation_id is None else _of_region(world)
        for what, ask in addresses(client, own):
            one, asked = _measured(who, what, ask)
            slowest = sorted(asked.statements, key=lambda s: -s[0])[:3]
            nodes = _nodes(bench, *slowest[0][1:]) if slowest else ""
            measures.append(replace(one, nodes=nodes))
            if one.p95_ms >= BAR_MS or one.status >= HTTPStatus.BAD_REQUEST:
                report.console.print(f"  [red]{who}: {what}: {one.p95_ms:.0f} ms, {one.status}")
            for took_s, query, given in slowest:
                if took_s * 1e3 >= PLAN_FROM_MS and query not in explained:
                    explained.add(query)
                    plans.append(_explain(bench, f"{who}: {what}", took_s, query, given))
    return measures, plans


def _of_region(world: World) -> World:
    """With a small batch and a customer that the region may see."""
    from kaquan.campaigns.models import CampaignBatch
    from kaquan.customers.models import Customer

    batches = CampaignBatch.objects.filter(campaign__organisation_id=world.region_id)
    small = batches.exclude(id=world.batch_id).order_by("id")[0]
    customer = Customer.objects.filter(organisation__parent_id=world.region_id).order_by("id")[0]
    return replace(world, small_batch_id=small.id, customer_id=customer.id)


def _somebody(organisation_id: int | None) -> Any:
    from kaquan.foundation.actor import system_actor
    from kaquan.staff.actions import create_staff
    from kaquan.staff.granting import grant_role
    from kaquan.staff.models import Role, StaffUser
    from kaquan.surfaces.console.screens import SCREENS

    wanted = sorted({screen.permission for screen in SCREENS} - {""})
    role, _ = Role.objects.get_or_create(
        code="bench", defaults={"name_zh": "测", "name_en": "Bench", "permissions": wanted}
    )
    actor, at = system_actor("bench"), now()
    username = f"bench-{organisation_id or 0}"
    there = StaffUser.objects.filter(username=username).first()
    if there is not None:
        return there
    made = create_staff(
        actor=actor, username=username, name="王运营", at=at,
        organisation_id=organisation_id, password="a long and quiet river",
    )  # fmt: skip
    grant_role(
        actor=actor, user_id=made.user.id, role_code=role.code, organisation_id=organisation_id,
        at=at,
    )  # fmt: skip
    return made.user


def _measured(who: str, what: str, ask: Ask) -> tuple[Measure, Asked]:
    """A late address is measured again: others may have used the machine just then."""
    best, asked = _time(who, what, ask)
    for rounds in range(2, ROUNDS_MAX + 1):
        if best.p95_ms < BAR_MS:
            break
        again, _ = _time(who, what, ask)
        best = replace(min(best, again, key=lambda one: one.p95_ms), rounds=rounds)
    return best, asked


def _time(who: str, what: str, ask: Ask) -> tuple[Measure, Asked]:
    with _listening() as asked:
        answer = ask()  # also what makes caches warm, as they are on any working day
    taken_ms, computed_ms = [], []
    for _ in range(TIMES):
        start_s, start_cpu_s = perf_counter(), _cpu_s()
        ask()
        taken_ms.append((perf_counter() - start_s) * 1e3)
        computed_ms.append((_cpu_s() - start_cpu_s) * 1e3)
    taken_ms.sort()
    one = Measure(
        who,
        what,
        p50_ms=_median(taken_ms),
        p95_ms=taken_ms[-(-len(taken_ms) * 95 // 100) - 1],
        slowest_ms=taken_ms[-1],
        cpu_ms=_median(computed_ms),
        statements=len(asked.statements),
        status=answer.status_code,
        rows=answer.content.count(b"<tr data-row"),
    )
    return one, asked


def _cpu_s() -> float:
    """What this process, its database session and the workers of that have computed so far."""
    from django.db import connection

    connection.ensure_connection()
    session = Path(f"/proc/{connection.connection.info.backend_pid}")
    own = int((session / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    # Workers are the server's children, which counts what those computed that have ended.
    server = session.parent / _after_name(session)[1]
    ended = sum(map(int, _after_name(server)[13:15])) / os.sysconf("SC_CLK_TCK")
    return process_time() + own + ended


def _after_name(process: Path) -> list[str]:
    """What the kernel tells of a process, from its state on."""
    return (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()


@contextmanager
def _listening() -> Iterator[Asked]:
    """Notes every statement of Django's and the ledger's sessions, and how long it took."""
    asked = Asked()
    execute = psycopg.Cursor.execute

    def noted(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
        start_s = perf_counter()
        done = execute(self, query, params, **options)
        if isinstance(query, str) and query.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.statements.append((perf_counter() - start_s, query, params))
        return done

    psycopg.Cursor.execute = noted  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]


def _explain(bench: Bench, what: str, took_s: float, query: str, given: Any) -> dict[str, Any]:
    try:
        with bench.superuser() as connection:
            cursor = psycopg.ClientCursor(connection)
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query}", given)
            plan = [line for (line,) in cursor.fetchall()]
    except psycopg.Error as error:
        plan = [str(error)]
    return {"what": what, "took_ms": round(took_s * 1e3, 1), "query": query, "plan": plan}


def _nodes(bench: Bench, query: str, given: Any) -> str:
    """The kinds of nodes in a statement's plan, from the top down."""
    try:
        with bench.superuser() as connection:
            cursor = psycopg.ClientCursor(connection)
            cursor.execute(f"EXPLAIN (FORMAT JSON) {query}", given)
            row = cursor.fetchone()
    except psycopg.Error as error:
        return str(error)
    return " > ".join(_kinds(row[0][0]["Plan"])) if row else ""


def _kinds(node: dict[str, Any]) -> Iterator[str]:
    named = node.get("Index Name") or node.get("Relation Name") or ""
    yield f"{node['Node Type']} {named}".strip()
    for below in node.get("Plans", ()):
        yield from _kinds(below)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _keep(size: dict[str, int], measures: list[Measure], plans: list[dict[str, Any]]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    at = now()
    path = RESULTS / f"console-{at:%Y-%m-%d-%H%M}.json"
    content = {
        "at": at.isoformat(timespec="seconds"),
        "machine": machine(),
        "size": size,
        "bar_ms": BAR_MS,
        "times": TIMES,
        "pages": [
            {name: round(of, 1) if isinstance(of, float) else of for name, of in vars(one).items()}
            for one in sorted(measures, key=lambda one: -one.p95_ms)
        ],
        "plans": sorted(plans, key=lambda plan: -plan["took_ms"]),
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
