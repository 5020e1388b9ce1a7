"""What the wallet needs of others: an SMS provider, WeChat, Apple; told by one private file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.private_files import read_private_file


class TencentSms(Struct, frozen=True, forbid_unknown_fields=True, tag_field="provider",
                 tag="tencent"):  # fmt: skip
    """Tencent Cloud SMS; ``template`` has one parameter, the code."""

    secret_id: str
    secret_key: str
    sdk_app_id: str
    sign_name: str
    template: str
    region: str = "ap-guangzhou"
    endpoint: str = "https://sms.tencentcloudapi.com"

    def __repr__(self) -> str:
        return "<tencent sms>"


class AliyunSms(Struct, frozen=True, forbid_unknown_fields=True, tag_field="provider",
                tag="aliyun"):  # fmt: skip
    """Aliyun SMS; ``template`` has one parameter, ``code``."""

    key_id: str
    key_secret: str
    sign_name: str
    template: str
    endpoint: str = "https://dysmsapi.aliyuncs.com"

    def __repr__(self) -> str:
        return "<aliyun sms>"


class WechatLogin(Struct, frozen=True, forbid_unknown_fields=True):
    """An official account whose web pages may ask WeChat who somebody is."""

    app_id: str
    app_secret: str
    authorize_endpoint: str = "https://open.weixin.qq.com/connect/oauth2/authorize"
    token_endpoint: str = "https://api.weixin.qq.com/sns/oauth2/access_token"  # noqa: S105

    def __repr__(self) -> str:
        return "<wechat login>"


class ApplePass(Struct, frozen=True, forbid_unknown_fields=True):
    """The issuer's certificate for Apple Wallet: PEM files."""

    pass_type_id: str
    team_id: str
    organisation_name: str
    certificate_file: str
    key_file: str
    chain_file: str


class Outside(Struct, frozen=True, forbid_unknown_fields=True):
    """All of it; what is not there is not offered."""

    sms: TencentSms | AliyunSms | None = None
    wechat: WechatLogin | None = None
    apple: ApplePass | None = None
    format: Literal[1] = 1


def load_outside(path: Path | None) -> Outside:
    """Read the file; raises `wallet_file_invalid`, and what reading private files raises."""
    if path is None:
        return Outside()
    try:
        return msgspec.json.decode(read_private_file(path), type=Outside)
    except FileNotFoundError:
        raise _invalid(path) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _invalid(path) from None  # its message might quote a secret


@cache
def outside() -> Outside:
    """As this process was told when it began."""
    return load_outside(current_configuration().wallet_file)


def _invalid(path: Path) -> KaquanError:
    return KaquanError(
        "wallet_file_invalid",
        zh=f"卡包的设置文件 {path} 不存在或不合格式；请对照说明检查各项名称。",
        en=f"The wallet's file {path} is missing or not as described; check the names in it.",
        exit_code=ExitCode.CONFIGURATION,
    )
