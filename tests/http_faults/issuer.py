"""An issuer with everything that a load over HTTP names, made in an installation of its own.

Run as a program, because a process has one configuration: ``python -m tests.http_faults.issuer``
works on the installation of its environment and prints what it made.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
CARDS = 288
CARD_FEN = 20_000
SINGLES = 1_440
CARDS_A_STOCK = 20
STOCK = 400
CALL = 500
CUSTOMERS = 120
ALWAYS = {"range": {"kind": "fixed_range", "first_day": "2020-01-01", "last_day": "2199-12-31"}}
LONG_AGO = {"range": {"kind": "fixed_range", "first_day": "2020-01-01", "last_day": "2020-01-02"}}


class Coded(Struct, frozen=True):
    """A voucher, and the code by which tills name it."""

    serial: int
    code: str


class Issuer(Struct, frozen=True):
    """What requests name. ``bad`` holds, by reason, codes that are no good to a stranger."""

    till_key: str
    public_key: str
    stores: list[str]
    customers: list[str]
    cards: list[Coded]
    singles: list[Coded]
    stocks: list[int]
    bad: dict[str, list[str]]


def make_issuer(
    environment: Mapping[str, str], *, cards: int = CARDS, singles: int = SINGLES
) -> Issuer:
    """Make an issuer in the installation of this environment, whose database runs."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.http_faults.issuer", str(cards), str(singles)],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(made.stdout, type=Issuer)


# In the program, where Django is set up before anything below is imported


def _make(now: datetime, cards: int, singles: int) -> Issuer:
    from kaquan.access.models import KeyKind
    from kaquan.ledger.door import open_door
    from tests.builders.access import a_client, a_key
    from tests.builders.issuer import a_store, an_organisation
    from tests.builders.ledger import a_batch, number_from

    # Others may have filled the installation before, with their builders' numbers.
    own = 2_000_000 + os.getpid() % 10_000 * 10_000
    number_from(own)
    root = an_organisation(f"总部 {own}", None, code=f"own-{own}")
    stores = [a_store(root, f"own-{own}-{number}").organisation.code for number in range(3)]
    client_id = a_client(at=now, name=f"接入方 {own}")
    may = [f"redemption.{name}" for name in ("redeem", "reverse", "issue")]
    till = a_key(*may, client_id=client_id, at=now)
    may = ["wallet.claim", "wallet.view"]
    public = a_key(*may, client_id=client_id, at=now, kind=KeyKind.PUBLISHABLE)
    door = open_door()
    batch = partial(a_batch, door, budget_id=0, at=now, validity=ALWAYS)
    issuer = Issuer(
        till_key=till.text,
        public_key=public.text,
        stores=stores,
        customers=_customers(own),
        cards=_coded(_sold(door, batch(kind="prepaid", quantity=cards), now)),
        singles=_coded(batch(quantity=singles).serials),
        stocks=[
            batch(quantity=STOCK, by_code=False).batch_id for _ in range(cards // CARDS_A_STOCK)
        ],
        bad=_bad(door, batch(quantity=30), batch(quantity=10, validity=LONG_AGO), now),
    )
    door.close()
    return issuer


def _coded(serials: Iterable[int]) -> list[Coded]:
    from kaquan.redemption.codes import new_code

    return [Coded(serial, new_code(serial)) for serial in serials]


def _customers(own: int) -> list[str]:
    from kaquan.customers.actions import create_customer
    from tests.builders.issuer import SYSTEM

    numbers = [f"M{own}-{number:04}" for number in range(CUSTOMERS)]
    for number in numbers:
        create_customer(actor=SYSTEM, number=number)
    return numbers


def _sold(door: Any, cards: Any, now: datetime) -> Iterable[int]:
    """Cards that somebody paid for, and that belong to whoever has them."""
    from kaquan.engine.commands import Sell
    from kaquan.engine.facts import Facts
    from tests.builders.ledger import done

    batch_id, facts = cards.batch_id, Facts(store_id=501)
    sale = partial(Sell, at=now, batch_id=batch_id, facts=facts, paid_fen=CARD_FEN)
    sales = [sale(serial=one, payment_no=f"P-{one}") for one in cards.serials]
    for first in range(0, len(sales), CALL):
        done(door, *sales[first : first + CALL])
    serials: Iterable[int] = cards.serials
    return serials


def _bad(door: Any, batch: Any, late: Any, now: datetime) -> dict[str, list[str]]:
    """Codes that we made and that are no good to a stranger, each for another reason."""
    from kaquan.engine.commands import Freeze
    from tests.builders.ledger import claim, done, redeem

    used, frozen, theirs = batch.serials[:10], batch.serials[10:20], batch.serials[20:]
    done(door, *[redeem(one, at=now) for one in used])
    done(door, *[Freeze(at=now, serial=one, reason="test") for one in frozen])
    done(door, *[claim(batch, serial=one, customer_id=one, at=now) for one in theirs])
    found = {"used": used, "frozen": frozen, "somebody else's": theirs, "expired": late.serials}
    return {name: [one.code for one in _coded(serials)] for name, serials in found.items()}


def _main() -> None:
    from kaquan.foundation.configuration import load_configuration
    from kaquan.foundation.django_setup import setup

    setup(load_configuration(os.environ))
    from kaquan.foundation import clock

    cards, singles = map(int, sys.argv[1:])
    sys.stdout.buffer.write(msgspec.json.encode(_make(clock.now(), cards, singles)))


if __name__ == "__main__":
    _main()
