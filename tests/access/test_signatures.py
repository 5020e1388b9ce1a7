"""Signed requests: a changed, an old and a copied one are refused; an honest one is not."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Any

import pytest

from kaquan.access.signatures import NONCES_MAX, WINDOW_S, SeenNonces
from tests.access.entrances import NOON, Clocks, Entrance
from tests.builders.access import ApiKeyMade, a_key

pytestmark = pytest.mark.usefixtures("database")

AT_S = int(NOON.timestamp())


@dataclass(frozen=True)
class Request:
    """A request as it is signed."""

    at_s: int = AT_S
    nonce: str = "nonce-0001"
    method: str = "POST"
    path: str = "/api/v1/redemptions?dry=1"
    idempotency_key: str | None = "till-7/2026-06-01/18"
    body: bytes = b'{"vouchers":[{"code":"N6W5"}]}'

    def signature(self, secret: str | None) -> str:
        """The header, written down from the documentation and not with our own code."""
        assert secret is not None
        text = "\n".join(
            [
                str(self.at_s),
                self.nonce,
                self.method,
                self.path,
                self.idempotency_key or "",
                hashlib.sha256(self.body).hexdigest(),
            ]
        )
        digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return f"t={self.at_s},n={self.nonce},v1={digest}"

    def parts(self) -> dict[str, Any]:
        """What arrives beside the signature."""
        return {
            "method": self.method,
            "path": self.path,
            "idempotency_key": self.idempotency_key,
            "body": self.body,
        }


@pytest.fixture
def till() -> ApiKeyMade:
    return a_key("redemption.redeem", must_sign=True)


def answer(entrance: Entrance, till: ApiKeyMade, signed: Request, sent: Request) -> str:
    signature = signed.signature(till.new.signing_secret)
    return entrance.answer(till.authorization, signature=signature, **sent.parts())


def test_a_signed_request_is_let_in(entrance: Entrance, till: ApiKeyMade) -> None:
    assert answer(entrance, till, Request(), Request()) == "in"


def test_a_key_that_must_sign_is_of_no_use_without_a_signature(
    entrance: Entrance, till: ApiKeyMade
) -> None:
    assert entrance.answer(till.authorization) == "signature_missing"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"path": "/api/v1/redemptions"},
        {"path": "/api/v1/redemptions?dry=2"},
        {"idempotency_key": "till-7/2026-06-01/19"},
        {"idempotency_key": None},
        {"body": b'{"vouchers":[{"code":"N6W6"}]}'},
        {"body": b""},
    ],
)
def test_whatever_is_changed_on_the_way_breaks_the_signature(
    entrance: Entrance, till: ApiKeyMade, change: dict[str, Any]
) -> None:
    assert answer(entrance, till, Request(), replace(Request(), **change)) == "signature_invalid"
    assert answer(entrance, till, Request(), Request()) == "in"  # and has used no nonce up


def test_every_changed_byte_of_a_signature_is_noticed(entrance: Entrance, till: ApiKeyMade) -> None:
    whole = Request().signature(till.new.signing_secret)
    for place, character in enumerate(whole):
        changed = whole[:place] + ("0" if character != "0" else "1") + whole[place + 1 :]
        sent = entrance.answer(till.authorization, signature=changed, **Request().parts())
        assert sent == "signature_invalid", changed


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=1,n=nonce-0001,v1=00",
        "v1=" + "0" * 64,
        "t=1,n=short,v1=" + "0" * 64,
        "t=-1,n=nonce-0001,v1=" + "0" * 64,
        f"t={'9' * 400},n=nonce-0001,v1=" + "0" * 64,
        "t=1,n=nonce-0001,v1=" + "0" * 64 + "\n",
        "\ud800",
    ],
)
def test_a_signature_of_another_form_is_refused(
    entrance: Entrance, till: ApiKeyMade, signature: str
) -> None:
    assert entrance.answer(till.authorization, signature=signature) == "signature_invalid"


@pytest.mark.parametrize(
    ("late_s", "expected"),
    [
        (WINDOW_S, "in"),
        (-WINDOW_S, "in"),
        (WINDOW_S + 1, "signature_time_off"),
        (-WINDOW_S - 1, "signature_time_off"),
    ],
)
def test_a_signature_holds_for_five_minutes_either_way(
    entrance: Entrance, till: ApiKeyMade, late_s: int, expected: str
) -> None:
    request = Request(at_s=AT_S + late_s)

    assert answer(entrance, till, request, request) == expected


def test_a_copied_request_is_refused_for_as_long_as_its_time_is_good(
    entrance: Entrance, till: ApiKeyMade, clocks: Clocks
) -> None:
    ahead = Request(at_s=AT_S + WINDOW_S)  # a clock as wrong as may be: good for ten minutes
    assert answer(entrance, till, ahead, ahead) == "in"

    for _ in range(10):
        assert answer(entrance, till, ahead, ahead) == "signature_repeated"
        clocks.pass_s(60)
    assert answer(entrance, till, ahead, ahead) == "signature_repeated"
    clocks.pass_s(1)
    assert answer(entrance, till, ahead, ahead) == "signature_time_off"


def test_two_keys_may_use_one_nonce(entrance: Entrance, till: ApiKeyMade) -> None:
    other = a_key("redemption.redeem", must_sign=True)

    assert answer(entrance, till, Request(), Request()) == "in"
    assert answer(entrance, other, Request(), Request()) == "in"


def test_a_key_without_a_signing_secret_cannot_sign(entrance: Entrance) -> None:
    plain = a_key("redemption.redeem")

    signature = Request().signature("")
    assert (
        entrance.answer(plain.authorization, signature=signature, **Request().parts())
        == "signature_invalid"
    )
    assert entrance.answer(plain.authorization) == "in"


def test_another_keys_signature_is_of_no_use(entrance: Entrance, till: ApiKeyMade) -> None:
    other = a_key("redemption.redeem", must_sign=True)

    signature = Request().signature(other.new.signing_secret)

    assert (
        entrance.answer(till.authorization, signature=signature, **Request().parts())
        == "signature_invalid"
    )


def test_nonces_are_forgotten_when_their_time_is_over_and_never_pile_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kaquan.access.signatures.NONCES_MAX", 100)
    assert NONCES_MAX > 100
    seen = SeenNonces()
    for number in range(100):
        assert seen.add(1, f"nonce-{number:04}", AT_S, AT_S) is None

    full = seen.add(1, "nonce-more", AT_S, AT_S)

    assert full is not None
    assert full.code == "busy"
    later_s = AT_S + WINDOW_S + 60
    assert seen.add(1, "nonce-more", later_s, later_s) is None
