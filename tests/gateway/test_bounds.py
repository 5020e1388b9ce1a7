"""Every hot request, and every command of a list, asked for by keys that are bound: what lies in
another part or store is answered as what there is not, and nothing moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from kaquan.surfaces.gateway.commanding import HOW
from kaquan.surfaces.gateway.routes import ROUTES
from tests.builders.books import books, differing
from tests.builders.issuer import a_number
from tests.gateway.site import Answer, Caller, Site, code_of
from tests.gateway.test_callers import a_campaign_batch

EVERYTHING = (
    *("redemption.redeem", "redemption.reverse", "redemption.issue"),
    *("voucher.care", "voucher.trace"),
)
NOWHERE, NO_BATCH = "S-NOWHERE", 2_000_000
UNSEEN = {"serial", "batch_id", "holds", "may", "refusal"}


class Asked(NamedTuple):
    """A request by its route's name, or a command by its own, about something that is not there
    for the caller; with ``name``, answered like the same about ``missing``, which is nowhere."""

    what: str
    body: dict[str, Any]
    code: str
    number: str = ""
    name: str = ""
    missing: str = ""

    @property
    def path(self) -> str:
        """Where a single request goes."""
        (path,) = [route.path for route in ROUTES if route.name == self.what]
        return path.replace("{}", self.number)

    def about(self, missing: str) -> Asked:
        """The same about something else."""
        body = {
            field: missing if value == self.name else value for field, value in self.body.items()
        }
        number = missing if self.number == self.name else self.number
        return self._replace(body=body, number=number)


class Far(NamedTuple):
    """What is elsewhere."""

    hold: str
    redemption: str
    batch_id: int
    code: str


@pytest.fixture(scope="module")
def far(site: Site) -> Far:
    """A hold, a redemption, a batch and a voucher of another region."""
    batch = site.batch()
    hold = site.till.post("holds", site.redeem(code_of(batch, 0), store=site.far_store))
    used = site.till.post("redemptions", site.redeem(code_of(batch, 1), store=site.far_store))
    return Far(
        hold.json["hold"],
        used.json["redemption"],
        a_campaign_batch(site.elsewhere),
        code_of(batch, 2),
    )


def uses(site: Site, far: Far) -> Iterator[Asked]:
    """What both kinds of key are refused: other stores, and what happened there."""
    body = site.redeem(far.code, store=site.far_store)
    for what in ("validate", "redeem", "hold"):
        yield Asked(what, body, "organisation_unknown", "", site.far_store, NOWHERE)
    for what in ("settle", "release"):
        yield Asked(what, {"hold": far.hold}, "hold_unknown", far.hold, far.hold, "H0000000")
    yield Asked(
        "reverse", {"redemption": far.redemption}, "redemption_unknown",
        far.redemption, far.redemption, "R0000000",
    )  # fmt: skip


def cares(far: Far, customer: str, code: str) -> Iterator[Asked]:
    """Looking after a voucher of another part."""
    more: dict[str, dict[str, Any]] = {
        "transfer": {"from_customer": customer, "to_customer": customer},
        "extend": {"valid_until": "2199-12-31T00:00:00+08:00"},
        "freeze": {"reason": "x"},
        "unfreeze": {},
        "void": {"reason": "x"},
        "expire": {},
        "adjust": {"uses": 1, "reason": "x"},
    }
    for what, fields in more.items():
        yield Asked(what, {"code": far.code, **fields}, code)


def issues_of_a_region(site: Site, far: Far, customer: str) -> Iterator[Asked]:
    """Handing out, and topping up, what is another part's."""
    batch = {"batch_id": far.batch_id, "customer": customer}
    paid = {"payment_no": a_number("P")}
    yield Asked("claim", batch, "batch_unknown")
    yield Asked("assign", batch, "batch_unknown")
    yield Asked("sell", batch | paid | {"paid_fen": 1}, "batch_unknown")
    card = {"code": far.code, "amount_fen": 100, "store": site.store}
    yield Asked("top_up", card | paid, "voucher_unknown")


def issues_of_a_store(site: Site, far: Far) -> Iterator[Asked]:
    """Selling and topping up in another store, or in none."""
    paid = {"payment_no": a_number("P")}
    for what, fields in (
        ("sell", {"batch_id": far.batch_id, "paid_fen": 1}),
        ("top_up", {"code": far.code, "amount_fen": 100}),
    ):
        body = {**fields, **paid}
        yield Asked(
            what, body | {"store": site.far_store}, "organisation_unknown",
            "", site.far_store, NOWHERE,
        )  # fmt: skip
        yield Asked(what, body, "malformed_request")


def without(answer: Any, name: str) -> str:
    return str(answer).replace(name, "…")


def in_list(caller: Caller, asked: Asked) -> Any:
    """A command's outcome; a request that is none stands for itself."""
    (outcome,) = caller.post("commands", {"commands": [{"do": asked.what, **asked.body}]}).json[
        "outcomes"
    ]
    return outcome


def by_itself(caller: Caller, asked: Asked) -> Any:
    """A request's answer; what is named in its address does not stand in its body."""
    body = {} if asked.number else asked.body
    answer: Answer = caller.post(asked.path, body)
    assert answer.status >= 400, (asked, answer.body)
    return answer.json


@pytest.mark.parametrize("bound", ["region", "store"])
def test_every_hot_request_of_a_bound_key_ends_at_its_bounds(
    site: Site, far: Far, bound: str
) -> None:
    commands = {one.__struct_config__.tag for one in HOW}
    requests = {route.name for route in ROUTES} - {"command", "look_up"}
    region = bound == "region"
    caller = (
        site.caller(*EVERYTHING, organisation=site.region)
        if region
        else site.caller(*EVERYTHING, store_codes=(site.store,))
    )
    customer = site.customer()
    asked = [
        *uses(site, far),
        *cares(far, customer, "voucher_unknown" if region else "permission_denied"),
        *(issues_of_a_region(site, far, customer) if region else issues_of_a_store(site, far)),
    ]
    told = {one.what for one in asked}
    # A store's key claims and assigns for customers, whom no store has.
    assert told == (requests | commands) - (set() if region else {"claim", "assign"})
    with site.connect() as connection:
        before = books(connection)
        for one in asked:
            for ask, names in ((by_itself, requests), (in_list, commands)):
                if one.what not in names:
                    continue
                answer = ask(caller, one)
                assert answer["code"] == one.code, (one, answer)
                if one.missing:
                    like = ask(caller, one.about(one.missing))
                    assert without(like, one.missing) == without(answer, one.name)
        seen = caller.post("lookups", {"code": far.code}, key=None)
        assert (seen.status, seen.json["usable"]) == (200, True)
        assert seen.json.keys().isdisjoint(UNSEEN), seen.json  # no more than any till sees
        moved = differing(before, books(connection))
    assert moved <= {"ledger_block", "ledger_request", "ledger_lane"}


def test_a_key_of_a_store_does_there_what_it_may(site: Site) -> None:
    bound = site.caller(*EVERYTHING, store_codes=(site.store,))
    batch, cards = site.batch(), site.batch(kind="prepaid", budget_id=0)

    assert bound.post("redemptions", site.redeem(code_of(batch))).status == 200
    sold = {
        "do": "sell", "batch_id": cards.batch_id, "voucher_code": code_of(cards),
        "paid_fen": 19_000, "payment_no": a_number("P"), "store": site.store,
    }  # fmt: skip
    answer = bound.post("commands", {"commands": [sold]})
    assert [one["code"] for one in answer.json["outcomes"]] == ["done"]
