"""What is kept of logins does not grow for ever."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

AT_ONCE = 5_000
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


def clear_logins(now: datetime) -> None:
    """Remove sessions that are over and attempts that no longer count, a part at a time."""
    with connection.cursor() as cursor:
        for statement in (_SESSIONS, _LISTED, _ATTEMPTS):
            cursor.execute(statement, {"now": now, "most": AT_ONCE})
