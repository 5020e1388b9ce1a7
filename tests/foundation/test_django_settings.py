"""Django as we set it up: strict pages, secrets from the key file, two ways to the database."""

import asyncio
import base64
import logging
from dataclasses import replace

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path

from kaquan.foundation import keys
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.django_setup import setup
from kaquan.project.security_headers import POLICY


def _page(_: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


urlpatterns = [path("page", _page), path("", include("kaquan.project.urls"))]  # error pages link

with_a_page = override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"])


@with_a_page
@pytest.mark.usefixtures("static_files")
def test_every_response_carries_a_policy_without_inline_code_or_other_hosts() -> None:
    for address in ("/page", "/no-such-page"):
        response = Client().get(address)
        assert response.headers["Content-Security-Policy"] == POLICY
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


@with_a_page
async def _get_async() -> str:
    response = await AsyncClient().get("/page")
    return response.headers["Content-Security-Policy"]


def test_asynchronous_requests_get_the_policy_too() -> None:
    assert asyncio.run(_get_async()) == POLICY


def test_the_session_secret_comes_from_the_key_file_and_rotates_with_it() -> None:
    ring = keys.load(current_configuration().key_file)

    assert [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS] == [
        _text(key.secret) for key in ring.all("web-session")
    ]


def test_the_default_connection_is_the_applications_and_the_owner_is_apart() -> None:
    options = settings.DATABASES["default"]["OPTIONS"]["options"]

    assert "role=kaquan_app" in options
    assert "options" not in settings.DATABASES["owner"]["OPTIONS"]


def test_statements_with_their_values_are_never_logged() -> None:
    for name in ("django.db.backends", "psycopg"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def test_a_process_serves_one_configuration() -> None:
    configuration = current_configuration()
    setup(configuration)

    with pytest.raises(AssertionError):
        setup(replace(configuration, http_port=1))


def _text(secret: bytes) -> str:
    return base64.b64encode(secret).decode("ascii")
