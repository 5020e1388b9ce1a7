"""Who may not log in for a while, for wrong passwords. django-allauth counts them in its cache, by
account and whatever the host or address; here is asked for whom they are too many."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from allauth.core.internal.ratelimit import Rate, get_rates
from django.core.cache import cache

from kaquan.foundation.actor import Actor, require
from kaquan.organisations.queries import within
from kaquan.staff.models import LoginEvent, LoginRecord, StaffUser
from kaquan.staff.permissions import VIEW

LOCKED_MAX = 500
_APP, _ACTION = "allauth.account", "login_failed"
_ATTEMPTS = (LoginEvent.WRONG_PASSWORD, LoginEvent.LOCKED_OUT)


def attempts_name(username: str) -> str:
    """Under which name the wrong passwords of an account are counted."""
    return f"login:{username.strip().lower()}"


def locked_until(users: Collection[StaffUser], *, at: datetime) -> dict[int, datetime]:
    """Until when each may not log in; those who may are left out."""
    keys = {_key(user.username, rate): (user.pk, rate) for user in users for rate in _rates()}
    found: Mapping[str, Sequence[float]] = cache.get_many(list(keys)) if keys else {}
    until: dict[int, datetime] = {}
    for key, times_s in found.items():
        user_id, rate = keys[key]
        end = _end(times_s, rate, at)
        if end is not None:
            until[user_id] = max(end, until.get(user_id, end))
    return until


def locked_accounts(actor: Actor, *, at: datetime) -> dict[int, datetime]:
    """The accounts in the actor's part that may not log in now, and until when."""
    require(actor, VIEW)
    longest = timedelta(seconds=max(rate.duration for rate in _rates()))
    recent = LoginRecord.objects.filter(at__gt=at - longest, event__in=_ATTEMPTS)
    tried = list(recent.exclude(user=None).values_list("user", flat=True).distinct()[:LOCKED_MAX])
    users = within(actor, StaffUser.objects.filter(id__in=tried), "organisation")
    return locked_until(list(users), at=at)


def forget_attempts(user: StaffUser) -> None:
    """Count the wrong passwords of an account from nothing again."""
    cache.delete_many([_key(user.username, rate) for rate in _rates()])


def _rates() -> list[Rate]:
    rates: Iterable[Rate] = get_rates(app=_APP, action=_ACTION)
    return [rate for rate in rates if rate.per == "key"]


def _key(username: str, rate: Rate) -> str:
    """As django-allauth's `get_cache_key` makes it, which wants a request."""
    digest = hashlib.sha256(attempts_name(username).encode()).hexdigest()
    return f"allauth:rl:{_APP}:{_ACTION}:{rate}:{digest}"


def _end(times_s: Sequence[float], rate: Rate, at: datetime) -> datetime | None:
    """When so many are forgotten that there may be another; the latest stand first."""
    fresh_s = [one for one in times_s if one > at.timestamp() - rate.duration]
    if len(fresh_s) < rate.amount:
        return None
    return datetime.fromtimestamp(fresh_s[rate.amount - 1] + rate.duration, UTC)
