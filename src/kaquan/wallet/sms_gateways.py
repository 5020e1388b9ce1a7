"""Sending a code by SMS: Tencent (TC3-HMAC-SHA256), Aliyun (ACS3-HMAC-SHA256), or the log.

The signatures are the providers' own; a message that was not taken raises `sms_not_sent`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from kaquan.customers.phones import masked_phone
from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.private_files import make_folder, write_private_file
from kaquan.wallet.errors import sms_not_sent
from kaquan.wallet.outside import AliyunSms, TencentSms

TIMEOUT_S = 5.0
DEMO_FILE = "wallet-sms-codes.txt"
DEMO_LINES_MAX = 50

log = logging.getLogger(__name__)


class SmsGateway(Protocol):
    """Something that can send a code to a phone (E.164)."""

    def send_code(self, phone: str, code: str) -> None:
        """Send it; raises `sms_not_sent`."""


class DemoGateway:
    """For demos and trials: codes go into a private file of this installation, to no phone."""

    def send_code(self, phone: str, code: str) -> None:
        """Add a line to the file; the log only says that there is one."""
        path = current_configuration().home / DEMO_FILE
        make_folder(path.parent)
        try:
            kept = path.read_text(encoding="utf-8").splitlines()[-DEMO_LINES_MAX:]
        except FileNotFoundError:
            kept = []
        line = f"{clock.now().isoformat(timespec='seconds')} {masked_phone(phone)} {code}"
        write_private_file(path, ("\n".join([*kept, line]) + "\n").encode())
        log.info("no SMS provider is configured: the code stands in %s", path)


class TencentGateway:
    """`SendSms` of version 2021-01-11."""

    def __init__(self, account: TencentSms) -> None:
        self.account = account

    def send_code(self, phone: str, code: str) -> None:
        """Send it; raises `sms_not_sent`."""
        body = json.dumps(
            {
                "PhoneNumberSet": [phone],
                "SmsSdkAppId": self.account.sdk_app_id,
                "SignName": self.account.sign_name,
                "TemplateId": self.account.template,
                "TemplateParamSet": [code],
            },
            ensure_ascii=False,
        ).encode()
        headers = tencent_headers(self.account, body, clock.now())
        answer = _post(self.account.endpoint, headers, body).get("Response", {})
        status = answer.get("SendStatusSet") or [{}]
        if "Error" in answer or status[0].get("Code") != "Ok":
            _refused("tencent", answer.get("Error", {}).get("Code") or status[0].get("Code"))


def tencent_headers(account: TencentSms, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of a signed call (TC3-HMAC-SHA256)."""
    host = urlsplit(account.endpoint).netloc
    timestamp, day = int(at.timestamp()), at.strftime("%Y-%m-%d")
    signed = "content-type;host;x-tc-action"
    content_type = "application/json; charset=utf-8"
    request = "\n".join(
        [
            "POST", "/", "",
            f"content-type:{content_type}\nhost:{host}\nx-tc-action:sendsms\n",
            signed, hashlib.sha256(body).hexdigest(),
        ]
    )  # fmt: skip
    scope = f"{day}/sms/tc3_request"
    hashed = hashlib.sha256(request.encode()).hexdigest()
    text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashed}"
    key = f"TC3{account.secret_key}".encode()
    for part in (day, "sms", "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return {
        "Authorization": f"TC3-HMAC-SHA256 Credential={account.secret_id}/{scope}, "
        f"SignedHeaders={signed}, Signature={signature}",
        "Content-Type": content_type,
        "Host": host,
        "X-TC-Action": "SendSms",
        "X-TC-Version": "2021-01-11",
        "X-TC-Timestamp": str(timestamp),
        "X-TC-Region": account.region,
    }


class AliyunGateway:
    """`SendSms` of version 2017-05-25."""

    def __init__(self, account: AliyunSms) -> None:
        self.account = account

    def send_code(self, phone: str, code: str) -> None:
        """Send it; raises `sms_not_sent`."""
        # In the body, not in the address, which servers in between write down.
        form = {
            "PhoneNumbers": phone.removeprefix("+86").removeprefix("+"),
            "SignName": self.account.sign_name,
            "TemplateCode": self.account.template,
            "TemplateParam": json.dumps({"code": code}),
        }
        body = urlencode(form, quote_via=quote).encode()
        headers = aliyun_headers(self.account, body, clock.now(), secrets.token_hex(16))
        answer = _post(self.account.endpoint, headers, body)
        if answer.get("Code") != "OK":
            _refused("aliyun", answer.get("Code"))


def aliyun_headers(account: AliyunSms, body: bytes, at: datetime, nonce: str) -> dict[str, str]:
    """The headers of a signed call (ACS3-HMAC-SHA256)."""
    hashed_body = hashlib.sha256(body).hexdigest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "host": urlsplit(account.endpoint).netloc,
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": hashed_body,
        "x-acs-date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": "2017-05-25",
    }
    signed = ";".join(sorted(headers))
    canonical = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(["POST", "/", "", canonical, signed, hashed_body])
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(request.encode()).hexdigest()
    signature = hmac.digest(account.key_secret.encode(), text.encode(), "sha256").hex()
    authorization = (
        f"ACS3-HMAC-SHA256 Credential={account.key_id},SignedHeaders={signed},Signature={signature}"
    )
    return {**headers, "Authorization": authorization}


def gateway_for(account: TencentSms | AliyunSms | None) -> SmsGateway:
    """The gateway that an installation is told to use."""
    if isinstance(account, TencentSms):
        return TencentGateway(account)
    if isinstance(account, AliyunSms):
        return AliyunGateway(account)
    return DemoGateway()


def _post(endpoint: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    import httpx  # noqa: PLC0415  # each process would load it, and few need it

    try:
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False) as client:
            response = client.post(f"{endpoint}/", headers=dict(headers), content=body)
            answer = response.json()
    except (httpx.HTTPError, ValueError):
        log.warning("the SMS provider did not answer")
        raise sms_not_sent() from None
    return answer if isinstance(answer, dict) else {}


def _refused(provider: str, reason: object) -> None:
    log.warning("%s did not take a message: %s", provider, str(reason)[:80])
    raise sms_not_sent()
