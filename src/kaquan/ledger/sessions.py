"""This thread's database session as the ledger's reading functions take it."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connection as django_connection


def reading_session() -> psycopg.Connection[Any]:
    """The session of Django's default connection in this thread; for reading only."""
    django_connection.ensure_connection()
    session: psycopg.Connection[Any] = django_connection.connection
    return session
