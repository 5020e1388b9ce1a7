"""Whom conditions mean: Python and SQL say the same of everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from kaquan.customers import conditions as c
from kaquan.customers import segment_tags, segments
from kaquan.customers.actions import create_customer
from kaquan.customers.conditions import BadConditionsError, Group, read_conditions
from kaquan.customers.conditions_facts import StandingFacts, Today, fits
from kaquan.customers.models import Customer, Purchases, Segment, Uses
from kaquan.customers.segment_tags import standing_facts
from kaquan.customers.segmenting import create_segment
from kaquan.customers.segments import headcount, members
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.ids import draw_ids
from kaquan.organisations.models import Organisation
from tests.builders.issuer import SYSTEM, a_number, an_organisation

pytestmark = pytest.mark.usefixtures("database")

VIP = {"kind": "group", "of": [{"kind": "tags", "any": ["vip"]}]}
NODES = 3


@pytest.fixture(autouse=True)
def fresh_rules(database: object) -> Iterator[None]:
    segment_tags.forget()
    yield
    segment_tags.forget()


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(KaquanError) as refused:
        act()
    return refused.value.code


def a_segment(conditions: Any = VIP, **facts: Any) -> Segment:
    asked = {"actor": SYSTEM, "code": a_number("seg-"), "name": "常客", "conditions": conditions}
    return create_segment(**asked | facts)


def a_customer(*tags: str, organisation: Organisation | None = None) -> Customer:
    return create_customer(
        actor=SYSTEM,
        number=a_number("M"),
        tags=tags,
        organisation_id=organisation.id if organisation else None,
    )


# Python and SQL ---------------------------------------------------------------------------------

NAMES = st.sets(st.sampled_from(["vip", "新客", "沉睡", "a%b"]), max_size=3).map(sorted)
PURPOSES = st.sets(st.sampled_from(["marketing_sms", "profiling"]), max_size=2).map(sorted)
DAYS = st.none() | st.integers(0, 120)
COUNTS = st.none() | st.integers(0, 6)
DATES = st.none() | st.dates(date(2026, 1, 1), date(2027, 3, 1))


def some(**fields: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(fields).map(
        lambda made: {name: value for name, value in made.items() if value not in (None, [], "")}
    )


def leaf(kind: str, fields: SearchStrategy[dict[str, Any]]) -> SearchStrategy[dict[str, Any]]:
    return fields.map(lambda made: {"kind": kind, **made})


LEAVES = st.one_of(
    leaf("tags", some(any=NAMES, every=NAMES, none=NAMES)),
    leaf("consents", some(given=PURPOSES, missing=PURPOSES)),
    leaf("belongs", some(under=st.sets(st.integers(0, NODES), min_size=1).map(sorted))),
    leaf("joined", some(since=DATES.map(lambda day: day and day.isoformat()), days_max=DAYS)),
    leaf("joined", some(until=DATES.map(lambda day: day and day.isoformat()), days_min=DAYS)),
    leaf("birth_month", some(months=st.sets(st.integers(1, 12), max_size=4).map(sorted),
                             relative=st.sampled_from(["", "this", "next"]))),
    leaf("used", some(least=COUNTS, most=COUNTS)),
    leaf("spent", some(least_fen=COUNTS, most_fen=COUNTS)),
    leaf("last_visit", some(within_days=DAYS, not_within_days=DAYS)),
)  # fmt: skip


def groups(within: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({
        "kind": st.just("group"),
        "mode": st.sampled_from(["all", "any", "none"]),
        "of": st.lists(within, min_size=1, max_size=3),
    })  # fmt: skip


CONDITIONS = groups(LEAVES | groups(LEAVES | groups(LEAVES)))


def random_people(nodes: list[Organisation], number: int = 60) -> dict[int, StandingFacts]:
    """Customers of every sort, and what is so of each."""
    random, now = Random(7), clock.now()
    rows, uses, purchases, known = [], [], [], {}
    for customer_id in draw_ids(Customer, number):
        node = random.choice([*nodes, None])
        row = Customer(
            id=customer_id,
            number=f"P{customer_id}",
            organisation=node,
            person_id=customer_id,
            person_basis=0,
            tags=random.sample(["vip", "新客", "沉睡", "a%b"], random.randrange(4)),
            joined_at=now - timedelta(hours=random.randrange(4_000)),
            birth_month=random.choice([None, *range(1, 13)]),
            consents=random.sample(["marketing_sms", "profiling"], random.randrange(3)),
        )
        rows.append(row)
        visits = [None, None]
        counted = [random.randrange(7) if random.random() < 0.7 else None for _ in range(2)]
        for place in range(2):
            if counted[place] is not None:
                visits[place] = now - timedelta(hours=random.randrange(3_000))
        if counted[0] is not None:
            uses.append(Uses(customer=row, uses=counted[0], discount_fen=0,
                             last_used_at=visits[0]))  # fmt: skip
        if counted[1] is not None:
            purchases.append(Purchases(customer=row, orders=1, spend_fen=counted[1],
                                       last_ordered_at=visits[1]))  # fmt: skip
        known[customer_id] = StandingFacts(
            tags=frozenset(row.tags),
            path=node.path if node else "",
            joined_at=row.joined_at,
            birth_month=row.birth_month,
            uses=counted[0] or 0,
            spend_fen=counted[1] or 0,
            last_visit_at=max((one for one in visits if one is not None), default=None),
            consents=frozenset(row.consents),
        )
    for made in (rows, uses, purchases):
        type(made[0])._default_manager.bulk_create(made)
    return known


def named(raw: Any, ids: list[int]) -> Any:
    """The same conditions with real nodes in place of numbers; 0 is one that is gone."""
    if isinstance(raw, list):
        return [named(one, ids) for one in raw]
    if isinstance(raw, dict):
        made = {name: named(value, ids) for name, value in raw.items()}
        if raw.get("kind") == "belongs":
            made["under"] = [ids[one] for one in raw["under"]]
        return made
    return raw


@pytest.fixture
def crowd(database: object) -> tuple[dict[int, StandingFacts], list[int]]:
    root = an_organisation("总部", None)
    east = an_organisation("华东", root)
    nodes = [root, east, an_organisation("上海", east)]
    return random_people(nodes), [2_000_000_000, *(one.id for one in nodes)]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(raw=CONDITIONS)
def test_sql_finds_exactly_whom_python_lets_in(
    crowd: tuple[dict[int, StandingFacts], list[int]], raw: dict[str, Any]
) -> None:
    known, ids = crowd
    try:
        group = read_conditions(named(raw, ids))
    except BadConditionsError:
        return  # says nothing or contradicts itself
    now = clock.now()
    today = Today.at(now, current_configuration().time_zone)
    paths = segments.paths_named(group)
    expected = {one for one, facts in known.items() if fits(group, facts, today, paths)}

    people = segments._People(SYSTEM, group, "", now)
    assert set(people.ids()) == expected
    assert people.count() == (len(expected), True)


def test_what_is_read_of_customers_is_what_is_so(
    crowd: tuple[dict[int, StandingFacts], list[int]],
) -> None:
    known, _ids = crowd

    assert standing_facts(list(known)) == known


def test_an_estimate_from_everybody_is_exact(
    crowd: tuple[dict[int, StandingFacts], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    group = Group(of=(c.Tags(any=("vip",)),))
    exact = headcount(SYSTEM, group)
    monkeypatch.setattr(segments._People, "_counted", lambda _self: None)
    monkeypatch.setattr(segments, "SAMPLE_ROWS", 10**6)

    assert exact.is_exact
    assert headcount(SYSTEM, group) == (exact.number, False)


# What conditions may say ------------------------------------------------------------------------


def nested(depth: int) -> dict[str, Any]:
    within: list[Any] = [{"kind": "tags", "any": ["vip"]}]
    for _ in range(depth):
        within = [{"kind": "group", "of": within}]
    return within[0]


@pytest.mark.parametrize(
    "conditions",
    [
        {"kind": "tags", "any": ["vip"]},
        {"kind": "group", "of": [{"kind": "tags"}]},
        {"kind": "group", "of": [{"kind": "unheard"}]},
        {"kind": "group", "of": [{"kind": "tags", "any": ["vip"], "sql": "1=1"}]},
        {"kind": "group", "of": [{"kind": "used", "least": -1}]},
        {"kind": "group", "of": [{"kind": "used", "least": 5, "most": 4}]},
        {"kind": "group", "of": [{"kind": "spent", "least_fen": 1.5}]},
        {"kind": "group", "of": [{"kind": "joined", "until": "9999-12-31"}]},
        {"kind": "group", "of": [{"kind": "group", "of": []}]},
        {"kind": "group", "of": [{"kind": "tags", "any": ["x\0"]}]},
        {"kind": "group", "of": [{"kind": "used", "least": 1}] * 51},
        nested(5),
        [],
        "vip",
    ],
)
def test_conditions_that_mean_nothing_are_refused(conditions: Any) -> None:
    assert refusal(lambda: a_segment(conditions)) == "segment_conditions_invalid"
    assert not Segment.objects.exists()


def test_four_groups_may_stand_within_each_other_and_none_at_all_is_everybody() -> None:
    vip = a_customer("vip")
    other = a_customer()

    assert list(members(SYSTEM, a_segment(nested(4)).id)) == [vip.id]
    assert list(members(SYSTEM, a_segment({"kind": "group"}).id)) == [vip.id, other.id]


def test_days_are_counted_on_the_issuers_calendar() -> None:
    zone = current_configuration().time_zone
    today = Today.at(datetime(2026, 6, 1, 16, 30, tzinfo=UTC), zone)  # the 2nd in Shanghai
    just_then = datetime(2026, 6, 1, 15, 59, tzinfo=UTC)
    facts = StandingFacts(
        tags=frozenset(), path="", joined_at=just_then, birth_month=7, uses=0, spend_fen=0,
        last_visit_at=just_then, consents=frozenset(),
    )  # fmt: skip

    def fit(leaf: c.Leaf) -> bool:
        return fits(Group(of=(leaf,)), facts, today, {})

    assert fit(c.LastVisit(within_days=1))
    assert not fit(c.LastVisit(within_days=0))
    assert fit(c.LastVisit(not_within_days=0))
    assert fit(c.Joined(days_min=1))
    assert not fit(c.Joined(days_min=2))
    assert fit(c.Joined(since=date(2026, 6, 1), until=date(2026, 6, 1)))
    assert not fit(c.BirthMonth(relative="this"))
    assert fit(c.BirthMonth(relative="next"))
