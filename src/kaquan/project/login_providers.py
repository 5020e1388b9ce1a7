"""Other ways to log in, out of a private file: each needs an agreement with whoever provides it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from kaquan.foundation.errors import ExitCode, KaquanError
from kaquan.foundation.private_files import read_private_file

Kind = Literal["weixin", "dingtalk", "feishu", "openid_connect"]


class LoginProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to log in. `id` and `server_url` are for `openid_connect`, which may stand there
    several times: a name for addresses, and where its description begins."""

    provider: Kind
    client_id: str
    secret: str
    name: str = ""
    id: str = ""
    server_url: str = ""

    def __repr__(self) -> str:
        return f"<login by {self.provider} {self.id}>"


_decoder = msgspec.json.Decoder(list[LoginProvider])


def load_login_providers(path: Path | None) -> list[LoginProvider]:
    """What the file lists, none without one; raises `login_providers_invalid` and
    `private_file_exposed`."""
    if path is None:
        return []
    try:
        found = _decoder.decode(read_private_file(path))
    except FileNotFoundError:
        raise _invalid(path, "没有这个文件", "there is no such file") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # Its message might quote a secret.
        raise _invalid(path, "格式不符", "it is not of the form that is described") from None
    for one in found:
        if (one.provider == "openid_connect") != bool(one.id and one.server_url):
            raise _invalid(
                path,
                "openid_connect 须有 id 和 server_url，其他方式不用",
                "openid_connect needs id and server_url, the others have none",
            )
    return found


def installed_apps(providers: list[LoginProvider]) -> list[str]:
    """The Django applications that these need."""
    return sorted({f"allauth.socialaccount.providers.{one.provider}" for one in providers})


def provider_settings(providers: list[LoginProvider]) -> dict[str, Any]:
    """What django-allauth is told of them."""
    told: dict[str, Any] = {}
    for one in providers:
        app: dict[str, Any] = {"client_id": one.client_id, "secret": one.secret, "key": ""}
        if one.name:
            app["name"] = one.name
        if one.provider == "openid_connect":
            app |= {"provider_id": one.id, "name": one.name or one.id}
            app["settings"] = {"server_url": one.server_url}
        told.setdefault(one.provider, {"APPS": []})["APPS"].append(app)
    return told


def _invalid(path: Path, zh: str, en: str) -> KaquanError:
    return KaquanError(
        "login_providers_invalid",
        zh=f"KAQUAN_LOGIN_PROVIDERS_FILE（{path}）：{zh}。",
        en=f"KAQUAN_LOGIN_PROVIDERS_FILE ({path}): {en}.",
        exit_code=ExitCode.CONFIGURATION,
    )
