"""How long people wait for the console's pages at a nationwide issuer's size.

Every list: its first page, the second, each of its orders, and each field of its query form; the
search; the workbench; pages about one thing. As somebody of the head office, and of one region.
Bar: 99 of 100 answers within 300 ms. The plans of the slowest statements are kept beside the
figures. ``KAQUAN_BENCH_CONSOLE=small`` takes a small issuer.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from benchmarks.console_world import FULL, SMALL, World, build, now
from benchmarks.report import RESULTS, Report, machine
from benchmarks.server import Bench

BAR_MS = 300
TIMES = 15
PLAN_FROM_MS = 60
"""Statements that take so long are explained."""
#: What is typed into the fields of query forms, by the fields' names; else the first option.
TYPED = {
    "words": "春季", "store": "S00007", "order": "PO-00004711", "number": "M0000", "tag": "vip",
    "province": "北京", "code": "CAMP-0042", "name": "张伟", "serial": "64",
    "customer": "M00004711",
    "since": "2026-11-01", "until": "2027-01-01", "first": "2026-11-01", "last": "2027-12-31",
    "starts_since": "2026-11-01", "starts_until": "2027-01-01", "day": "2026-11-27", "kind": "促活",
    "holder": "M00004711", "clerk": "E1",
}  # fmt: skip


@dataclass
class Asked:
    """The statements that were sent while a page was made."""

    statements: list[tuple[float, str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Measure:
    """How long one address took."""

    who: str
    what: str
    median_ms: float
    p99_ms: float
    statements: int
    status: int


def run(report: Report, bench: Bench) -> None:
    """Build the world and ask for every page of it."""
    size = SMALL if os.environ.get("KAQUAN_BENCH_CONSOLE") == "small" else FULL
    start_s = perf_counter()
    world = build(report, bench, size)
    report(f"filling {size.vouchers:,} vouchers", perf_counter() - start_s, "s")
    measures, plans = measure(report, bench, world)
    for who in ("head office", "region"):
        some = [one for one in measures if one.who == who]
        slowest = max(some, key=lambda one: one.p99_ms)
        report(f"console, {who}: median of pages", _median([m.median_ms for m in some]), "ms")
        report(f"console, {who}: slowest p99 ({slowest.what})", slowest.p99_ms, "ms", f"< {BAR_MS}")
        late = sum(one.p99_ms >= BAR_MS for one in some)
        report(f"console, {who}: of {len(some)} addresses over the bar", late, "", "0")
    path = _keep(size._asdict(), measures, plans)
    report.console.print(f"  all figures and plans are in {path}")


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
        for what, ask in _addresses(client, world):
            one, asked = _time(who, what, ask)
            measures.append(one)
            if one.p99_ms >= BAR_MS:
                report.console.print(f"  [red]{who}: {what}: {one.p99_ms:.0f} ms")
            for took_s, query, given in sorted(asked.statements, key=lambda s: -s[0])[:3]:
                if took_s * 1e3 >= PLAN_FROM_MS and query not in explained:
                    explained.add(query)
                    plans.append(_explain(bench, f"{who}: {what}", took_s, query, given))
    return measures, plans


def _somebody(organisation_id: int | None) -> Any:
    from kaquan.foundation.actor import system_actor
    from kaquan.staff.actions import create_staff
    from kaquan.staff.granting import grant_role
    from kaquan.staff.models import Role
    from kaquan.surfaces.console.screens import SCREENS

    wanted = sorted({screen.permission for screen in SCREENS} - {""})
    role, _ = Role.objects.get_or_create(
        code="bench", defaults={"name_zh": "测", "name_en": "Bench", "permissions": wanted}
    )
    actor, at = system_actor("bench"), now()
    made = create_staff(
        actor=actor, username=f"bench-{organisation_id or 0}", name="王运营", at=at,
        organisation_id=organisation_id, password="a long and quiet river",
    )  # fmt: skip
    grant_role(
        actor=actor, user_id=made.user.id, role_code=role.code, organisation_id=organisation_id,
        at=at,
    )  # fmt: skip
    return made.user


Ask = Callable[[], Any]


def _addresses(client: Any, world: World) -> Iterator[tuple[str, Ask]]:
    from django.urls import reverse

    from kaquan.surfaces.console.screens import LISTS

    def get(address: str) -> Ask:
        return lambda: client.get(address)

    yield "workbench", get(reverse("console:home"))
    for screen in LISTS:
        first = f"{screen.address()}?size=20"
        yield f"{screen.name}: first page", get(first)
        onward = re.search(r'rel="next" href="([^"]+)"', client.get(first).content.decode())
        if onward:
            yield f"{screen.name}: second page", get(onward[1].replace("&amp;", "&"))
        for column in screen.columns:
            if column.sort:
                for sort in (column.sort, f"-{column.sort}"):
                    yield f"{screen.name}: by {sort}", get(f"{first}&sort={sort}")
        for one in screen.fields:
            typed = _typed(one)
            if typed:
                yield f"{screen.name}: {one.name}={typed}", get(f"{first}&{one.name}={typed}")
    words = {
        "code": world.code, "serial": str(world.serial), "member number": world.customer_number,
        "phone": world.phone, "phone tail": world.phone[-4:], "name": world.customer_name,
        "initials of a name": "zw", "initials of three": "zwm", "campaign": "春季",
        "initials of a campaign": "bjcj", "store": "北京", "sounds of a store": "beijing",
        "order": world.order_no, "nothing": "zzzzzz",
    }  # fmt: skip
    for what, text in words.items():
        yield f"search: {what}", _post(client, reverse("console:search"), text)
    pages = {
        "campaign": world.campaign_ids[0], "batch": world.batch_id, "voucher": world.serial,
        "customer": world.customer_id,
    }  # fmt: skip
    for name, key in pages.items():
        yield f"page: {name}", get(reverse(f"console:{name}", kwargs={"key": key}))


def _post(client: Any, address: str, words: str) -> Ask:
    return lambda: client.post(address, {"words": words})


def _typed(one: Any) -> str:
    if one.name in TYPED and one.kind in ("text", "day", "moment", "node"):
        return TYPED[one.name]
    if one.kind == "choice" and one.options:
        return str(one.options[0][0])
    return "a" if one.kind == "text" else ""


def _time(who: str, what: str, ask: Ask) -> tuple[Measure, Asked]:
    with _listening() as asked:
        status = ask().status_code  # also what makes caches warm, as they are on any working day
    taken_ms = []
    for _ in range(TIMES):
        start_s = perf_counter()
        ask()
        taken_ms.append((perf_counter() - start_s) * 1e3)
    taken_ms.sort()
    return (
        Measure(who, what, _median(taken_ms), taken_ms[-1], len(asked.statements), status),
        asked,
    )


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
            {**vars(one), "median_ms": round(one.median_ms, 1), "p99_ms": round(one.p99_ms, 1)}
            for one in sorted(measures, key=lambda one: -one.p99_ms)
        ],
        "plans": sorted(plans, key=lambda plan: -plan["took_ms"]),
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
