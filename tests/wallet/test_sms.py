"""Codes by SMS: one use, five minutes, five tries, few a phone and a source; both providers."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kaquan.foundation.errors import KaquanError
from kaquan.organisations.issuer_settings import change_settings
from kaquan.wallet.models import SmsCode
from kaquan.wallet.outside import AliyunSms, TencentSms
from kaquan.wallet.sms import TRIES_MAX, check_code, send_code
from kaquan.wallet.sms_gateways import gateway_for
from tests.builders.issuer import NOON, SYSTEM
from tests.wallet.visiting import a_phone

SOON = NOON + timedelta(minutes=1, seconds=1)


class Kept:
    """A gateway that keeps what it was given."""

    def __init__(self) -> None:
        self.code = ""

    def send_code(self, phone: str, code: str) -> None:
        del phone
        self.code = code


def sent(phone: str, at: Any = NOON, source: str = "203.0.113.9") -> str:
    gateway = Kept()
    send_code(gateway=gateway, phone=phone, source=source, at=at)
    return gateway.code


def code_of(call: Any) -> str:
    with pytest.raises(KaquanError) as refused:
        call()
    return refused.value.code


@pytest.mark.usefixtures("database")
class TestCodes:
    def test_a_code_lets_in_once(self) -> None:
        phone = a_phone()
        code = sent(phone)

        assert check_code(phone=f"+86 {phone}", code=code, at=NOON) == f"+86{phone}"
        assert code_of(lambda: check_code(phone=phone, code=code, at=NOON)) == "sms_code_over"

    def test_a_code_is_over_after_five_minutes_and_when_a_new_one_was_sent(self) -> None:
        phone, other = a_phone(), a_phone()
        code, old = sent(phone), sent(other)
        sent(other, SOON)
        late = NOON + timedelta(minutes=5)

        assert code_of(lambda: check_code(phone=phone, code=code, at=late)) == "sms_code_over"
        refused = code_of(lambda: check_code(phone=other, code=old, at=SOON))
        assert refused == "sms_code_wrong"

    def test_after_five_wrong_tries_the_right_code_is_refused_too(self) -> None:
        phone = a_phone()
        code = sent(phone)
        wrong = "000000" if code != "000000" else "000001"
        tried = [
            code_of(lambda: check_code(phone=phone, code=wrong, at=NOON)) for _ in range(TRIES_MAX)
        ]

        assert tried == ["sms_code_wrong"] * (TRIES_MAX - 1) + ["sms_code_over"]
        assert code_of(lambda: check_code(phone=phone, code=code, at=NOON)) == "sms_code_over"

    def test_a_phone_gets_one_a_minute_and_five_an_hour(self) -> None:
        phone = a_phone()
        for number in range(5):
            sent(phone, NOON + timedelta(minutes=2 * number))
            again = NOON + timedelta(minutes=2 * number, seconds=59)
            assert code_of(lambda at=again: sent(phone, at)) == "sms_too_often"
        assert code_of(lambda: sent(phone, NOON + timedelta(minutes=30))) == "sms_too_often"
        assert sent(phone, NOON + timedelta(minutes=61))

    def test_a_source_that_asks_for_many_phones_is_stopped(self) -> None:
        for _ in range(20):
            sent(a_phone())
        count = SmsCode.objects.count()

        assert code_of(lambda: sent(a_phone())) == "sms_too_often"
        assert SmsCode.objects.count() == count
        assert sent(a_phone(), source="198.51.100.7")
        change_settings(actor=SYSTEM, values={"sms_source_hourly": 21}, expected={})
        assert sent(a_phone())
        assert code_of(lambda: sent(a_phone())) == "sms_too_often"

    def test_neither_phone_nor_code_is_stored(self) -> None:
        phone = a_phone()
        code = sent(phone)
        row = SmsCode.objects.get()
        stored = bytes(row.phone_index) + bytes(row.code_hash)

        assert phone.encode() not in stored
        assert code.encode() not in stored


class Provider(ThreadingHTTPServer):
    """A provider on loopback that checks signatures as both describe it."""

    secret = "the-secret-key"
    answer_ok = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *args: Any) -> None: ...

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        is_tencent = headers["authorization"].startswith("TC3")
        good = (_tencent if is_tencent else _aliyun)(self.server.secret, headers, body)
        self.server.seen.append((self.path, headers, body))
        taken = good and self.server.answer_ok
        answer: dict[str, Any] = {"Code": "OK" if taken else "SignatureDoesNotMatch"}
        if is_tencent:
            answer = {"Response": {"SendStatusSet": [{"Code": "Ok"}]}}
            if not taken:
                answer = {"Response": {"Error": {"Code": "AuthFailure.SignatureFailure"}}}
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def _canonical(headers: dict[str, str], signed: str, body: bytes, lowered: str = "") -> str:
    lines = "".join(
        f"{name}:{headers[name].lower() if name == lowered else headers[name].strip()}\n"
        for name in signed.split(";")
    )
    text = "\n".join(["POST", "/", "", lines, signed, hashlib.sha256(body).hexdigest()])
    return hashlib.sha256(text.encode()).hexdigest()


def _fields(authorization: str) -> dict[str, str]:
    parts = authorization.partition(" ")[2].replace(", ", ",").split(",")
    return dict(part.partition("=")[::2] for part in parts)


def _tencent(secret: str, headers: dict[str, str], body: bytes) -> bool:
    fields = _fields(headers["authorization"])
    scope = fields["Credential"].partition("/")[2]
    hashed = _canonical(headers, fields["SignedHeaders"], body, lowered="x-tc-action")
    text = f"TC3-HMAC-SHA256\n{headers['x-tc-timestamp']}\n{scope}\n{hashed}"
    key = ("TC3" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    return hmac.new(key, text.encode(), "sha256").hexdigest() == fields["Signature"]


def _aliyun(secret: str, headers: dict[str, str], body: bytes) -> bool:
    fields = _fields(headers["authorization"])
    text = "ACS3-HMAC-SHA256\n" + _canonical(headers, fields["SignedHeaders"], body)
    signature = hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
    whole = headers["x-acs-content-sha256"] == hashlib.sha256(body).hexdigest()
    return whole and signature == fields["Signature"]


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def accounts(provider: Provider, secret: str) -> list[TencentSms | AliyunSms]:
    return [
        TencentSms(
            secret_id="AKID",
            secret_key=secret,
            sdk_app_id="1400000000",
            sign_name="卡券",
            template="100",
            endpoint=provider.url,
        ),
        AliyunSms(
            key_id="LTAI", key_secret=secret, sign_name="卡券", template="S1", endpoint=provider.url
        ),
    ]


@pytest.mark.parametrize("number", [0, 1], ids=["tencent", "aliyun"])
def test_a_provider_takes_what_we_sign_and_no_address_tells_the_phone(
    provider: Provider, number: int
) -> None:
    gateway_for(accounts(provider, provider.secret)[number]).send_code("+8613900000000", "123456")

    path, _headers, body = provider.seen[0]
    assert path == "/"
    assert b"13900000000" in body
    assert b"123456" in body


@pytest.mark.parametrize("number", [0, 1], ids=["tencent", "aliyun"])
def test_a_provider_that_refuses_or_is_away_is_told_as_such(
    provider: Provider, number: int
) -> None:
    wrong = gateway_for(accounts(provider, "another")[number])
    assert code_of(lambda: wrong.send_code("+8613900000000", "123456")) == "sms_not_sent"

    provider.answer_ok = False
    right = gateway_for(accounts(provider, provider.secret)[number])
    assert code_of(lambda: right.send_code("+8613900000000", "123456")) == "sms_not_sent"


def test_accounts_do_not_show_their_secrets(provider: Provider) -> None:
    assert "the-secret-key" not in repr(accounts(provider, provider.secret))
