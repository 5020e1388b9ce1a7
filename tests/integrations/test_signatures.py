"""Signatures as Standard Webhooks has them, and bodies for the secret's holder alone."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kaquan.integrations.signatures import key_id, new_secret, sealed_body, signature_headers
from kaquan_client.webhooks import NotGenuine, verify

ROOT = Path(__file__).parents[2]

# The example of the specification's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = {"event_id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "timestamp_s": 1_614_265_330}
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

DOCUMENT = b'{"id":"1-0-0","type":"batch.minted","at":"2026-06-01T12:00:00+08:00","data":{"a":1}}'


def test_the_signature_is_that_of_the_specification() -> None:
    headers = signature_headers(**MESSAGE, body=BODY, secrets_newest_first=[SECRET])  # type: ignore[arg-type]
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_while_a_secret_is_replaced_both_sign() -> None:
    secrets = [new_secret(), SECRET]
    headers = signature_headers(**MESSAGE, body=BODY, secrets_newest_first=secrets)  # type: ignore[arg-type]
    first, second = headers["webhook-signature"].split(" ")
    assert second == SIGNATURE
    assert first != second


def test_a_sealed_body_opens_with_the_secret_in_its_place_and_nowhere_else() -> None:
    """Written from the description in ``signatures``, not with its functions."""
    sealed = json.loads(sealed_body(event_id="1-0-0", timestamp_s=7, body=BODY, secret=SECRET))
    assert (sealed["algorithm"], sealed["key_id"]) == ("AES-256-GCM", key_id(SECRET))
    secret = base64.b64decode(SECRET.removeprefix("whsec_"))
    key = HKDF(SHA256(), 32, salt=None, info=b"kaquan webhook body v1").derive(secret)
    nonce, text = (base64.b64decode(sealed[name]) for name in ("nonce", "ciphertext"))
    assert AESGCM(key).decrypt(nonce, text, b"1-0-0.7") == BODY
    for elsewhere in (b"1-0-1.7", b"1-0-0.8"):
        with pytest.raises(InvalidTag):
            AESGCM(key).decrypt(nonce, text, elsewhere)


@pytest.mark.parametrize("sealed", [False, True])
def test_the_python_client_reads_what_is_sent(sealed: bool) -> None:
    message = {"event_id": "1-0-0", "timestamp_s": 1_000}
    body = sealed_body(**message, body=DOCUMENT, secret=SECRET) if sealed else DOCUMENT  # type: ignore[arg-type]
    headers = signature_headers(**message, body=body, secrets_newest_first=[SECRET])  # type: ignore[arg-type]
    event = verify(SECRET, headers, body, now_s=lambda: 1_001.0)
    assert (event.id, event.type, event.data) == ("1-0-0", "batch.minted", {"a": 1})
    with pytest.raises(NotGenuine):
        verify(SECRET, headers, body[:-1] + b" ", now_s=lambda: 1_001.0)
    with pytest.raises(NotGenuine):
        verify(new_secret(), headers, body, now_s=lambda: 1_001.0)


def test_secrets_are_long_and_no_two_are_alike() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert all(len(base64.b64decode(one.removeprefix("whsec_"))) == 32 for one in secrets)


def test_the_example_of_the_documentation_works() -> None:
    text = (ROOT / "docs/events.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  # our own page
    headers = signature_headers(**MESSAGE, body=BODY, secrets_newest_first=[new_secret(), SECRET])  # type: ignore[arg-type]
    assert names["is_genuine"](SECRET, headers, BODY)
    assert not names["is_genuine"](SECRET, headers, BODY + b" ")
