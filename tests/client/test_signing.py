"""Signatures: what a till sends is what the server checks, and anything else is noticed."""

from __future__ import annotations

import hashlib
import hmac
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kaquan.access.signatures import SignatureCheck
from kaquan_client.signing import sign
from tests.client.conftest import Driven
from tests.client.scripted import Drop, Script, answer

AT_S = 1_700_000_000
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)
REQUESTS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
        "path": VISIBLE.map("/api/v1/".__add__),
        "key": st.none() | VISIBLE,
        "body": st.binary(max_size=200),
    }
)
_nonces = count(1)


def refusal(secret: str, signature: str, request: dict[str, Any]) -> object:
    """What the server says to a signature."""
    return SignatureCheck(unix_s=lambda: AT_S).refusal(
        secret=secret.encode(),
        key_id=1,
        signature=signature,
        method=request["method"],
        path=request["path"],
        idempotency_key=request["key"],
        body=request["body"],
    )


def signed(secret: str, request: dict[str, Any]) -> str:
    """The client's signature."""
    return sign(secret, at_s=AT_S, nonce=f"nonce-{next(_nonces):08}", **request)


@given(secret=VISIBLE, request=REQUESTS)
def test_the_server_takes_what_the_client_signs(secret: str, request: dict[str, Any]) -> None:
    assert refusal(secret, signed(secret, request), request) is None


@given(secret=VISIBLE, request=REQUESTS, other=REQUESTS)
def test_a_signature_fits_no_other_request(
    secret: str, request: dict[str, Any], other: dict[str, Any]
) -> None:
    if request != other:
        assert refusal(secret, signed(secret, request), other) is not None


@given(secret=VISIBLE, other=VISIBLE, request=REQUESTS)
def test_a_signature_fits_no_other_secret(secret: str, other: str, request: dict[str, Any]) -> None:
    if secret != other:
        assert refusal(other, signed(secret, request), request) is not None


def test_each_try_is_signed_anew_over_the_path_with_its_query(
    client: Driven, script: Script
) -> None:
    client.settings["signing_secret"] = "kq_sign_secret"
    client.settings["now_s"] = lambda: AT_S + 0.7
    script.will(Drop(), answer({"items": [], "next_cursor": None}))

    assert client.take(1, "list_all", "/customers", dict, {"name": "王 小明"}) == []

    nonces = []
    for asked in script.asked:
        time, nonce, digest = (
            part.partition("=")[2] for part in asked.headers["kaquan-signature"].split(",")
        )
        nonces.append(nonce)
        lines = [time, nonce, "GET", asked.path, "", hashlib.sha256(asked.body).hexdigest()]
        expected = hmac.new(b"kq_sign_secret", "\n".join(lines).encode(), "sha256").hexdigest()
        assert digest == expected
        assert time == str(AT_S)
    assert len(set(nonces)) == 2
    assert "?name=" in script.asked[0].path


def test_without_a_secret_nothing_is_signed(client: Driven, script: Script) -> None:
    script.will(answer({"state": "live", "usable": True}))

    client.do("look_up", "N6W5")

    assert "kaquan-signature" not in script.asked[0].headers
