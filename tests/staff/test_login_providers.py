"""Other ways to log in: none unless a private file lists them, and never a way to an account of
one's own making."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kaquan.foundation.errors import KaquanError
from kaquan.project.login_providers import (
    installed_apps,
    load_login_providers,
    provider_settings,
)
from tests.fixtures_database import Database

FEISHU = {"provider": "feishu", "client_id": "cli_1", "secret": "very-secret", "name": "飞书"}
OIDC = {
    "provider": "openid_connect",
    "id": "hq",
    "client_id": "kaquan",
    "secret": "very-secret",
    "name": "集团账号",
    "server_url": "https://id.example.com",
}
_VISIT = """
import re, sys, warnings
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.django_setup import collect_static_files, setup
setup(current_configuration())
collect_static_files()
from django.test import Client
browser = Client(headers={"accept-language": "zh-CN"}, SERVER_NAME="localhost")
page = browser.get("/accounts/login/").content.decode()
print(*re.findall(r'href="(/accounts/[^"]*login/[^"]*)"', page))
print(browser.get("/accounts/feishu/login/").headers["location"])
print(browser.get("/accounts/3rdparty/signup/").status_code)
"""


def private_file(folder: Path, content: object) -> Path:
    path = folder / "providers.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    path.chmod(0o600)
    return path


def test_without_a_file_there_are_none() -> None:
    assert load_login_providers(None) == []
    assert provider_settings([]) == {}


def test_what_the_file_lists_is_switched_on(tmp_path: Path) -> None:
    providers = load_login_providers(private_file(tmp_path, [FEISHU, OIDC]))

    assert installed_apps(providers) == [
        "allauth.socialaccount.providers.feishu",
        "allauth.socialaccount.providers.openid_connect",
    ]
    told = provider_settings(providers)
    assert told["openid_connect"]["APPS"][0]["settings"] == {"server_url": "https://id.example.com"}
    assert "very-secret" not in repr(providers)


@pytest.mark.parametrize(
    "content",
    [
        {"provider": "feishu"},
        [{"provider": "google", "client_id": "x", "secret": "very-secret"}],
        [{**FEISHU, "surprise": 1}],
        [{**FEISHU, "server_url": "https://x", "id": "x"}],
        [{**OIDC, "server_url": ""}],
        "very-secret",
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_without_quoting_it(
    tmp_path: Path, content: object
) -> None:
    with pytest.raises(KaquanError) as error:
        load_login_providers(private_file(tmp_path, content))

    assert error.value.code == "login_providers_invalid"
    assert "very-secret" not in str(error.value)


def test_a_missing_or_exposed_file_is_refused(tmp_path: Path) -> None:
    exposed = private_file(tmp_path, [FEISHU])
    exposed.chmod(0o644)

    with pytest.raises(KaquanError, match="没有这个文件"):
        load_login_providers(tmp_path / "none.json")
    with pytest.raises(KaquanError) as error:
        load_login_providers(exposed)
    assert error.value.code == "private_file_exposed"


def test_the_login_page_leads_there_and_signing_up_does_not(
    database: Database, tmp_path: Path
) -> None:
    path = private_file(tmp_path, [FEISHU])
    environment = database.child_environment(
        KAQUAN_LOGIN_PROVIDERS_FILE=str(path), KAQUAN_HOME=str(tmp_path / "home"),
        KAQUAN_KEY_FILE=str(database.configuration.key_file),
    )  # fmt: skip

    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _VISIT],
        env=environment, stdout=subprocess.PIPE, check=True, encoding="utf-8",
    ).stdout.splitlines()  # fmt: skip

    assert "/accounts/feishu/login/" in said[0]
    assert "feishu" in said[1]
    assert "state=" in said[1]
    assert "very-secret" not in said[1]
    assert said[2] in ("302", "404")
