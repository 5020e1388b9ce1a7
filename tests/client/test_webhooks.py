"""What a receiver may believe of a webhook, checked against what the server really signs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from kaquan.integrations.signatures import new_secret, sealed_body, signature_headers
from kaquan_client.webhooks import NotGenuine, verify

AT_S = 1_700_000_000
ID = "65537-0-0"
BODY = json.dumps({"id": ID, "type": "voucher.redeemed", "at": "2026-11-27T04:00:00Z"}).encode()


def delivery(
    *secrets: str, sealed: bool = False, body: bytes = BODY
) -> tuple[dict[str, str], bytes]:
    """Headers and body as the server sends them."""
    if sealed:
        body = sealed_body(event_id=ID, timestamp_s=AT_S, body=body, secret=secrets[-1])
    headers = signature_headers(
        event_id=ID, timestamp_s=AT_S, body=body, secrets_newest_first=secrets
    )
    return headers, body


def check(secret: str | list[str], headers: dict[str, str], body: bytes, **more: Any) -> str:
    """The id of the event, if the receiver believes it."""
    return verify(secret, headers, body, **{"now_s": lambda: AT_S + 5, **more}).id


@pytest.mark.parametrize("sealed", [False, True])
def test_what_the_server_sends_is_believed(sealed: bool) -> None:
    secret = new_secret()
    headers, body = delivery(secret, sealed=sealed)

    assert check(secret, headers, body) == ID
    assert check(secret, {name.title(): value for name, value in headers.items()}, body) == ID
    assert (b"voucher.redeemed" in body) == (not sealed)


@pytest.mark.parametrize("sealed", [False, True])
def test_while_a_secret_is_replaced_the_old_one_and_both_do(sealed: bool) -> None:
    old, new = new_secret(), new_secret()
    headers, body = delivery(new, old, sealed=sealed)

    assert check(old, headers, body) == ID
    assert check([new, old], headers, body) == ID


@pytest.mark.parametrize("sealed", [False, True])
def test_another_secret_is_not_believed(sealed: bool) -> None:
    headers, body = delivery(new_secret(), sealed=sealed)

    with pytest.raises(NotGenuine):
        check(new_secret(), headers, body)


@pytest.mark.parametrize("sealed", [False, True])
def test_any_changed_byte_is_noticed(sealed: bool) -> None:
    secret = new_secret()
    headers, body = delivery(secret, sealed=sealed)

    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(NotGenuine):
            check(secret, headers, changed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "65537-0-1"),
        ("webhook-id", ""),
        ("webhook-timestamp", str(AT_S + 1)),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "٣"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-signature", ""),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v2,AAAA v1,键 v1"),
    ],
)
def test_a_changed_header_is_noticed(name: str, value: str) -> None:
    secret = new_secret()
    headers, body = delivery(secret)

    with pytest.raises(NotGenuine):
        check(secret, {**headers, name: value}, body)


@pytest.mark.parametrize("off_s", [-301, 301])
def test_an_old_delivery_that_is_sent_again_is_not_believed(off_s: int) -> None:
    secret = new_secret()
    headers, body = delivery(secret)

    assert check(secret, headers, body, now_s=lambda: AT_S + off_s // 2) == ID
    with pytest.raises(NotGenuine):
        check(secret, headers, body, now_s=lambda: AT_S + off_s)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"algorithm":"none"}',
        b'{"algorithm":"AES-256-GCM","key_id":"0","nonce":"","ciphertext":""}',
        b'{"algorithm":"AES-256-GCM","key_id":"0","nonce":"?","ciphertext":7}',
    ],
)
def test_a_signed_body_that_is_no_event_is_refused_in_words(body: bytes) -> None:
    secret = new_secret()
    headers, body = delivery(secret, body=body)

    with pytest.raises(NotGenuine):
        check(secret, headers, body)


def test_a_sealed_body_cannot_be_moved_to_another_delivery() -> None:
    secret = new_secret()
    _, body = delivery(secret, sealed=True)
    headers = signature_headers(
        event_id="other", timestamp_s=AT_S, body=body, secrets_newest_first=[secret]
    )

    with pytest.raises(NotGenuine):
        check(secret, headers, body)


def test_the_example_of_standard_webhooks_fits() -> None:
    """Their published vector, signed by none of our code."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }

    with pytest.raises(NotGenuine, match="no event"):  # it is signed well, and is no event of ours
        verify(secret, headers, b'{"test": 2432232314}', now_s=lambda: 1_614_265_330)


def test_a_secret_that_is_none_is_told_to_the_programmer() -> None:
    headers, body = delivery("whsec_" + base64.b64encode(b"x" * 32).decode())

    with pytest.raises(ValueError, match="whsec_"):
        check("whsec_not base64", headers, body)
