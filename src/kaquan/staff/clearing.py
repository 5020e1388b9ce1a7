"""What is kept of logins does not grow for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

AT_ONCE = 5_000
RECORDS_KEPT = timedelta(days=365)
"""Login records go after a year; the database lets none go before half a year."""
_SESSIONS = """
DELETE FROM django_session WHERE session_key IN (
    SELECT session_key FROM django_session WHERE expire_date < %(now)s LIMIT %(most)s)
"""
_LISTED = """
DELETE FROM usersessions_usersession WHERE id IN (
    SELECT listed.id FROM usersessions_usersession listed WHERE NOT EXISTS (
        SELECT FROM django_session WHERE session_key = listed.session_key) LIMIT %(most)s)
"""
_ATTEMPTS = """
DELETE FROM staff_cache WHERE cache_key IN (
    SELECT cache_key FROM staff_cache WHERE expires < %(now)s LIMIT %(most)s)
"""
_RECORDS = """
DELETE FROM staff_login_record WHERE id IN (
    SELECT id FROM staff_login_record WHERE at < %(old)s LIMIT %(most)s)
"""


def clear_logins(now: datetime) -> None:
    """Remove sessions that are over and attempts that no longer count, a part at a time."""
    bounds: dict[str, datetime | int]
    bounds = {"now": now, "old": now - RECORDS_KEPT, "most": AT_ONCE}
    with connection.cursor() as cursor:
        for statement in (_SESSIONS, _LISTED, _ATTEMPTS, _RECORDS):
            cursor.execute(statement, bounds)
