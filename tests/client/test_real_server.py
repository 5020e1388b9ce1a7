"""Both clients, ``--remote`` and the examples of docs/client.md on a real server: what one asks for
is what happens."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kaquan.access.actions import create_client, create_key
from kaquan.foundation import clock
from kaquan.surfaces.cli.main import main
from kaquan_client import (
    AsyncClient,
    Client,
    LineReturn,
    Order,
    OrderLine,
    Refused,
    VoucherUse,
    commands,
)
from tests.builders.books import books
from tests.builders.issuer import SYSTEM, a_number
from tests.builders.ledger import BuiltBatch
from tests.gateway.site import Site, code_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "client.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PERMISSIONS = (
    "redemption.redeem",
    "redemption.reverse",
    "redemption.issue",
    "voucher.trace",
    "voucher.care",
    "organisations.view",
    "organisations.edit",
    "events.view",
)


def a_key(site: Site, **bounds: Any) -> Any:
    """A new key that may do what these tests do."""
    now = clock.now()
    caller = create_client(actor=SYSTEM, name=a_number("接入方"), at=now)
    return create_key(actor=SYSTEM, client_id=caller.id, permissions=PERMISSIONS, at=now, **bounds)


@pytest.fixture(scope="module")
def api_key(site: Site) -> str:
    """A key for all of it."""
    return str(a_key(site).text)


def url(site: Site) -> str:
    """Where the server is."""
    return f"http://127.0.0.1:{site.port}"


@pytest.fixture
def till(site: Site, api_key: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A till's client."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Client(url(site), api_key) as client:
        yield client


@pytest.fixture
def connection(site: Site) -> Iterator[psycopg.Connection[Any]]:
    """A session to look at the books."""
    with site.connect() as opened:
        yield opened


def an_order(amount_fen: int = 12_800) -> Order:
    """An order that nobody has placed yet."""
    return Order(a_number("A"), amount_fen=amount_fen)


def test_a_code_is_redeemed_once_and_its_key_gets_the_same_answer_again(
    site: Site, till: Client, connection: psycopg.Connection[Any]
) -> None:
    code, order, key = code_of(site.batch()), an_order(), till.new_key()

    done = till.redeem([code], store=site.store, order=order, key=key)
    before = books(connection)
    again = till.redeem([code], store=site.store, order=order, key=key)
    with pytest.raises(Refused) as refused:
        till.redeem([code], store=site.store, order=an_order())
    with pytest.raises(Refused) as reused:
        till.redeem([code], store=site.store, order=an_order(), key=key)

    assert done.discount_fen == 2_000
    assert done.vouchers[0].state == "used"
    assert again == done
    assert (refused.value.code, refused.value.status) == ("voucher_used", 409)
    assert (reused.value.code, reused.value.status) == ("request_key_reused", 422)
    assert books(connection)["ledger_voucher"] == before["ledger_voucher"]


def test_lines_come_back_one_by_one(site: Site, till: Client) -> None:
    code = code_of(site.batch())
    lines = (
        OrderLine(line_id="1", sku="latte", quantity=2, amount_fen=6_000),
        OrderLine(line_id="2", sku="cake", quantity=1, amount_fen=4_000),
    )

    done = till.redeem([code], store=site.store, order=Order(a_number("A"), lines))
    back = till.reverse(done.redemption, lines=[LineReturn("2", 1)], reason="退货")

    assert done.vouchers[0].allocation == (1_200, 800)
    assert back.returned_fen == 800


def test_a_trial_says_yes_no_and_why(site: Site, till: Client) -> None:
    code = code_of(site.batch(scope={"order_minimum_fen": 10_000}))

    yes = till.validate([code], store=site.store, order=an_order())
    no = till.validate([code], store=site.store, order=an_order(9_200))

    assert (yes.valid, yes.discount_fen) == (True, 2_000)
    assert not no.valid
    assert no.refusal is not None
    assert no.refusal.code == "order_below_minimum"
    assert "8.00" in no.refusal.remedy


def test_a_claimed_voucher_is_found_held_and_used_or_given_back(site: Site, till: Client) -> None:
    batch, customer = site.batch(by_code=False), site.customer()

    claimed = till.claim(batch.batch_id, customer=customer, channel="app")
    code = claimed.voucher.code
    best = till.validate(customer=customer, store=site.store, order=an_order(), best=True)
    first = till.hold([code], store=site.store, order=an_order(), expires_in_s=60)
    with pytest.raises(Refused) as held:
        till.redeem([code], store=site.store, order=an_order(), customer=customer)
    till.release_hold(first.hold)
    second = till.hold([code], store=site.store, order=an_order())
    used = till.redeem_hold(second.hold)

    assert best.best is not None
    assert [one.serial for one in best.best.vouchers] == [claimed.voucher.serial]
    assert best.offers[0].applies
    assert held.value.code == "voucher_held"
    assert used.discount_fen == 2_000
    assert till.look_up(code).state == "used"


def test_many_commands_have_one_outcome_each(site: Site, till: Client) -> None:
    batch = site.batch(quantity=40)
    codes = [code_of(batch, index) for index in range(40)]
    uses = [
        commands.Redeem(vouchers=(VoucherUse(code),), store=site.store, order=an_order())
        for code in [*codes, codes[0]]
    ]

    outcomes = till.submit([*uses, commands.Void(code=codes[1], reason="x")]).outcomes

    assert [one.done for one in outcomes] == [True] * 40 + [False, False]
    assert len({one.redemption for one in outcomes[:40]}) == 40
    assert outcomes[40].problem is not None
    assert outcomes[40].problem.code == "voucher_used"


def test_an_event_loop_keeps_many_calls_in_flight(
    site: Site, api_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    batch = site.batch(quantity=30)

    async def redeem_all() -> list[int]:
        async with AsyncClient(url(site), api_key) as client:
            done = await asyncio.gather(
                *(
                    client.redeem([code_of(batch, index)], store=site.store, order=an_order())
                    for index in range(30)
                )
            )
            return [one.discount_fen for one in done]

    assert asyncio.run(redeem_all()) == [2_000] * 30


def test_a_till_that_must_sign_is_served_and_its_copied_key_is_not(site: Site) -> None:
    made = a_key(site, must_sign=True)
    code = code_of(site.batch())
    assert made.signing_secret

    with Client(url(site), made.text) as copied, pytest.raises(Refused) as refused:
        copied.redeem([code], store=site.store, order=an_order())
    with Client(url(site), made.text, signing_secret=made.signing_secret) as till:
        done = till.redeem([code], store=site.store, order=an_order())
        stores = list(till.list_all("/stores", dict, {"limit": 1}))

    assert refused.value.status == 401
    assert done.discount_fen == 2_000
    assert stores


def test_the_management_api_lists_page_by_page(site: Site, till: Client) -> None:
    everything = list(till.list_all("/stores", dict[str, Any]))
    one_by_one = list(till.list_all("/stores", dict[str, Any], page_size=1))

    assert {store["code"] for store in everything} >= {site.store, site.far_store}
    assert one_by_one == everything
    with pytest.raises(Refused) as refused:
        till.get("/stores/S-NONE", dict)
    assert refused.value.status == 404


def test_what_is_booked_is_told_as_an_event_and_the_feed_goes_on_from_there(
    site: Site, till: Client
) -> None:
    batch = site.batch(quantity=2)
    serials = [batch.serial(0), batch.serial(1)]
    start = till.read_events(parameters={"start": "now"}).position

    till.redeem([code_of(batch, 0)], store=site.store, order=an_order())
    first = next(till.watch(start, {"types": ["voucher.redeemed"]}))
    till.redeem([code_of(batch, 1)], store=site.store, order=an_order())
    second = next(till.watch(first.position, {"types": ["voucher.redeemed"]}))

    assert [first.serial, second.serial] == serials
    assert first.store == site.store
    assert first.data["discount_fen"] == 2_000
    assert [one.serial for one in till.read_events(start).items] == serials


# docs/client.md -----------------------------------------------------------------------------------


def test_the_examples_of_the_page_do_what_it_says(
    site: Site,
    api_key: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KAQUAN_API_KEY", api_key)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    there_for_here = {
        "https://kaquan.example": f"http://127.0.0.1:{site.port}",
        "N6W5-7X4V-0Q2M-8T3K-H1RA": code_of(site.batch()),
        "S001": site.store,
        "4711": str(site.batch(by_code=False).batch_id),
        "M0001": site.customer(),
    }
    examples = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    for there, here in there_for_here.items():
        assert any(there in one for one in examples), there
        examples = [one.replace(there, here) for one in examples]
    capsys.readouterr()

    names: dict[str, object] = {}
    for number, example in enumerate(examples):
        exec(compile(example, f"{PAGE.name}, example {number}", "exec"), names)  # noqa: S102

    redeemed, returned, tried, claimed, *rest = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"R\w+ 2000", redeemed)
    assert returned == "500"
    assert tried.startswith("False")
    assert len(claimed) == 24
    assert rest[:2] == ["done None", "done None"]
    assert site.store in rest
    assert rest[-2:] == ["used", "frozen_issued"]


# --remote -----------------------------------------------------------------------------------------

Run = Callable[..., Any]


@pytest.fixture
def kaquan(
    site: Site,
    api_key: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs ``kaquan … --json``, here or there; gives the exit code and the value."""
    monkeypatch.setenv("KAQUAN_API_KEY", api_key)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def run(*arguments: object, there: bool) -> tuple[int, Any]:
        remote = ["--remote", url(site)] if there else []
        capsys.readouterr()
        exit_code = main([*map(str, arguments), *remote, "--json"])
        return exit_code, json.loads(capsys.readouterr().out)

    return run


def _without_names(value: Any) -> Any:
    """Without what names a voucher or a receipt, and without what one side does not tell: who
    funds it, and how long a voucher is good whose terms say that for all of them."""
    if isinstance(value, list):
        return [_without_names(one) for one in value]
    if not isinstance(value, dict):
        return value
    own = {"serial", "redemption", "reversal", "funding", "valid_from", "valid_until"}
    return {name: _without_names(one) for name, one in value.items() if name not in own}


def both(kaquan: Run, batch: BuiltBatch, *arguments: object) -> list[tuple[int, Any]]:
    """The same command here and there, each on a voucher of its own (``CODE``)."""
    answers = []
    for there, code in ((False, code_of(batch, 0)), (True, code_of(batch, 1))):
        given = [code if one == "CODE" else one for one in arguments]
        answers.append(kaquan(*given, there=there))
    return answers


def test_commands_print_there_what_they_print_here(site: Site, kaquan: Run) -> None:
    batch = site.batch(quantity=2)
    order = ("--store", site.store, "--order", a_number("A"), "--line", "latte:2:60")

    for arguments in (
        ("redeem", "CODE", *order, "--dry-run"),
        ("redeem", "CODE", *order),
        ("redeem", "CODE", *order),
        ("redeem", "CODE", *order, "--dry-run"),
        ("redeem", "1234", *order),
    ):
        (here_code, here), (there_code, there) = both(kaquan, batch, *arguments)
        assert there_code == here_code, arguments
        assert _without_names(there) == _without_names(here), arguments


def test_a_reversal_there_is_the_same_as_here(site: Site, kaquan: Run) -> None:
    batch = site.batch(quantity=2)
    redeemed = both(kaquan, batch, "redeem", "CODE", "--store", site.store, "--amount", "128")

    here, there = (
        kaquan("reverse", value["redemption"], "--reason", "退货", there=is_there)
        for is_there, (_, value) in zip((False, True), redeemed, strict=True)
    )

    assert here[0] == there[0] == 0
    assert _without_names(there[1]) == _without_names(here[1])


def test_a_claim_there_tells_a_code_that_is_good_and_can_be_looked_up(
    site: Site, kaquan: Run
) -> None:
    batch, customer = site.batch(by_code=False), site.customer()

    exit_code, claimed = kaquan("claim", batch.batch_id, "--customer", customer, there=True)
    shown = kaquan("show", claimed["code"], there=True)
    redeemed = kaquan(
        "redeem", claimed["code"], "--store", site.store, "--amount", "99", there=False
    )

    assert exit_code == 0
    assert (shown[0], shown[1]["state"]) == (0, "ISSUED")
    assert shown[1]["terms"]
    assert redeemed[0] == 0


def test_an_unknown_store_is_told_there_as_here(site: Site, kaquan: Run) -> None:
    answers = both(kaquan, site.batch(quantity=2), "redeem", "CODE", "--store", "S-NONE")

    assert [exit_code for exit_code, _ in answers] == [1, 1]
    assert {value["error"]["code"] for _, value in answers} == {"organisation_unknown"}
