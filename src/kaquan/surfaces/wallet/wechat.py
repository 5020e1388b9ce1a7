"""Logging in by WeChat (web pages in its browser, scope ``snsapi_base``), where configured."""

from __future__ import annotations

import logging
import secrets
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe

from kaquan.foundation import clock
from kaquan.foundation.errors import KaquanError
from kaquan.surfaces.wallet.pages import COOKIE_PATH, Visitor, open_page, remember
from kaquan.wallet.outside import WechatLogin, outside
from kaquan.wallet.sessions import log_in_by_wechat

STATE_COOKIE = "kaquan_wallet_wechat"
STATE_S = 600
TIMEOUT_S = 5.0

log = logging.getLogger(__name__)


@require_safe
@open_page
def go(visitor: Visitor) -> HttpResponseBase:
    """To WeChat, with a state that only this browser can bring back; then on to ``next``."""
    account = _account()
    state = secrets.token_urlsafe(16)
    there = visitor.way_on(visitor.request.GET.get("next", ""))
    asked = {
        "appid": account.app_id,
        "redirect_uri": visitor.request.build_absolute_uri(reverse("wallet:wechat-back")),
        "response_type": "code",
        "scope": "snsapi_base",
        "state": state,
    }
    wechat = f"{account.authorize_endpoint}?{urlencode(asked)}#wechat_redirect"
    response = HttpResponseRedirect(wechat)
    response.set_cookie(
        STATE_COOKIE,
        signing.dumps([state, there], salt=STATE_COOKIE),
        max_age=STATE_S,
        path=COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_safe
@open_page
def back(visitor: Visitor) -> HttpResponseBase:
    """From WeChat, with a code that tells us who it is."""
    account = _account()
    request = visitor.request
    try:
        kept = request.COOKIES.get(STATE_COOKIE, "")
        state, there = signing.loads(kept, salt=STATE_COOKIE, max_age=STATE_S)
    except (signing.BadSignature, ValueError):
        raise _refused() from None
    if not secrets.compare_digest(str(state), request.GET.get("state", "")):
        raise _refused()
    open_id = _open_id(account, request.GET.get("code", "")[:128])
    _customer, token = log_in_by_wechat(open_id=open_id, at=clock.now())
    response = HttpResponseRedirect(visitor.way_on(str(there)))
    remember(response, token)
    response.delete_cookie(STATE_COOKIE, path=COOKIE_PATH, samesite="Lax")
    return response


def _open_id(account: WechatLogin, code: str) -> str:
    import httpx  # noqa: PLC0415  # each process would load it, and few need it

    asked = {
        "appid": account.app_id,
        "secret": account.app_secret,
        "code": code,
        "grant_type": "authorization_code",
    }
    try:
        # WeChat takes the secret in the address only; our side logs no addresses of calls.
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False) as client:
            answer = client.get(account.token_endpoint, params=asked).json()
    except (httpx.HTTPError, ValueError):
        log.warning("WeChat did not answer")
        raise _refused() from None
    open_id = answer.get("openid") if isinstance(answer, dict) else None
    if not isinstance(open_id, str) or not open_id:
        raise _refused()
    return open_id


def _account() -> WechatLogin:
    account = outside().wechat
    if account is None:
        raise Http404
    return account


def _refused() -> KaquanError:
    return KaquanError(
        "wechat_login_failed",
        zh="微信登录没有成功，请重试或用手机号登录。",
        en="WeChat did not log you in; try again, or use your phone number.",
    )
