"""A counter for tests: a store, its terminal as a registered device, a clerk who has logged in."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client

from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.campaigns.models import CampaignBatch
from kaquan.foundation import clock
from kaquan.offline.signing import signed_code
from kaquan.organisations.models import Store, Terminal, TerminalKind
from kaquan.organisations.staffing import create_terminal
from kaquan.redemption.actions import sell
from kaquan.redemption.codes import new_code, read_code
from kaquan.redemption.visits import Visit
from kaquan.staff.models import StaffUser
from kaquan.terminals.registering import make_registration_code
from tests.builders.issuer import SYSTEM, a_number, a_store, a_version, an_organisation
from tests.staff.people import somebody

PASSWORD = "correct horse battery"
VALID: dict[str, Any] = {"range": {"kind": "after_claim", "days": 30}}


def a_public_key() -> dict[str, str]:
    """As WebCrypto exports one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    raw = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": base64.urlsafe_b64encode(raw).rstrip(b"=").decode(),
    }


def a_terminal(store: Store | None = None) -> Terminal:
    """A terminal that is no device yet."""
    store = store or a_store(an_organisation(a_number("总部"), None))
    return create_terminal(
        actor=SYSTEM,
        code=a_number("T"),
        store_code=store.organisation.code,
        kind=TerminalKind.PHONE,
    )


def someone_at(store: Store, role: str = "clerk") -> StaffUser:
    """Somebody with a role in the store, and the tests' password."""
    user = somebody(store.organisation, role)
    user.set_password(PASSWORD)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    return user


def a_batch_of_codes(benefit: dict[str, Any], number: int = 20, **terms: Any) -> list[str]:
    """The codes of vouchers of a campaign that runs now."""
    return codes_of(a_batch(benefit, number, **terms), number)


def a_batch(benefit: dict[str, Any], number: int = 20, **terms: Any) -> CampaignBatch:
    """A batch of printed vouchers."""
    now = clock.now()
    day = now.date()
    validity = {
        "range": {
            "kind": "fixed_range",
            "first_day": str(day - timedelta(days=2)),
            "last_day": str(day + timedelta(days=1_200)),  # as long as the law wants of a card
        }
    }
    campaign = create_campaign(
        actor=SYSTEM,
        code=a_number("c-"),
        name="柜台",
        kind="拉新",
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=30),
    )
    return add_batch(
        actor=SYSTEM,
        campaign_id=campaign.id,
        name="柜台",
        version_id=a_version({"benefit": benefit, "validity": validity, **terms}).id,
        quantity=number,
        at=now,
        by_code=True,
    )


def codes_of(batch: CampaignBatch, number: int) -> list[str]:
    """The first codes of a batch."""
    from kaquan.ledger.sessions import reading_session

    (first,) = reading_session().execute(
        "SELECT min(first_serial) FROM ledger_custody WHERE batch_id = %s", [batch.pk]
    ).fetchone() or (0,)
    return [new_code(first + index) for index in range(number)]


def signed_codes() -> list[str]:
    """Those of a batch that may be taken offline."""
    batch = a_batch({"kind": "amount_off", "amount_fen": 2_000}, 5, offline_use=True)
    serials = [read_code(code) for code in codes_of(batch, 3)]
    return [
        signed_code(batch_id=batch.id, offer_version=batch.offer_version_id, serial=one) or ""
        for one in serials
        if isinstance(one, int)
    ]


@dataclass
class Browser:
    """A device's browser: it carries the counter's token as the page does."""

    client: Client = field(
        default_factory=lambda: Client(
            headers={"accept-language": "zh-CN", "host": "localhost"}, enforce_csrf_checks=True
        )
    )
    csrf: str = ""

    def state(self) -> dict[str, Any]:
        answer = self.client.get("/counter/state")
        assert answer.status_code == 200, answer.content
        assert answer.headers["Cache-Control"] == "no-store"
        content: dict[str, Any] = json.loads(answer.content)
        self.csrf = content["csrf"]
        return content

    def ask(self, call: str, status: int = 200, **body: Any) -> dict[str, Any]:
        if not self.csrf:
            self.state()
        answer = self.client.post(
            f"/counter/{call}",
            json.dumps(body),
            content_type="application/json",
            headers={"x-csrftoken": self.csrf},
        )
        assert answer.status_code == status, answer.content.decode()
        content: dict[str, Any] = json.loads(answer.content)
        return content


def once() -> str:
    """A name for a request."""
    return secrets.token_hex(16)


@dataclass
class Stand:
    """A registered terminal and its browser."""

    terminal: Terminal
    browser: Browser

    @property
    def store(self) -> Store:
        return self.terminal.store

    def log_in(self, user: StaffUser, status: int = 200, secret: str = PASSWORD) -> dict[str, Any]:
        return self.browser.ask("login", status, username=user.username, secret=secret)

    def redeem(self, *codes: str, status: int = 200, **about: Any) -> dict[str, Any]:
        body = {"once": once(), "vouchers": [{"code": one} for one in codes], **about}
        return self.browser.ask("redeem", status, **body)


def a_stand(store: Store | None = None, *, role: str | None = "clerk") -> Stand:
    """A device that is a terminal; with a role, somebody who holds it has logged in."""
    terminal = a_terminal(store)
    code = make_registration_code(actor=SYSTEM, terminal_id=terminal.pk, at=clock.now())
    browser = Browser()
    browser.ask("register", code=code, publicKey=a_public_key())
    stand = Stand(terminal, browser)
    if role:
        stand.log_in(someone_at(terminal.store, role))
    return stand


CARD: dict[str, Any] = {
    "kind": "prepaid_card",
    "face_fen": 10_000,
    "max_balance_fen": 100_000,
    "reloadable": True,
}


def a_sold_card(store: Store) -> str:
    """The code of a prepaid card of ¥100 that somebody paid for."""
    batch = a_batch(CARD, 1)
    (code,) = codes_of(batch, 1)
    sold = sell(
        actor=SYSTEM,
        batch_id=batch.pk,
        visit=Visit(store_code=store.organisation.code),
        paid_fen=10_000,
        payment_no=a_number("P"),
        code=code,
        at=clock.now(),
    )
    assert sold.done, sold
    return code
