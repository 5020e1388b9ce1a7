"""Secrets that got into a message are masked; what looks like one and is none stays."""

from __future__ import annotations

import logging

import psycopg
import pytest
from django.db import DataError

from kaquan.foundation.log_lines import LogLine
from kaquan.foundation.masking import masked
from tests.fixtures_database import Database


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("没有门店“N6W5-3K7M-8QRT-2XYZ-4ABC”。", "没有门店“N6W5****”。"),
        ("n6w53k7m8qrt2xyz4abc", "n6w5****"),
        ("N6W5 3K7M 8QRT 2XYZ 4ABC", "N6W5****"),
        ("code=N6W53K7M8QRT2XYZ4ABC,", "code=N6W5****,"),
        ("没有客户“13800138000”", "没有客户“138****”"),
        ("+86 138 0013 8000!", "+86 138****!"),
        ("8613800138000", "86138****"),
        ("Bearer kq_live_Ab3dEf9h_0123456789abcdef", "Bearer kq_live_****"),
        ("whsec_AAECAwQFBgcICQ==", "whsec_****"),
    ],
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "3cb667cf-f398-4339-a03e-7190945b0e50",
        "2026-11-27T13:38:55.607038+08:00",
        "order 20261127000000001",
        "serial 137438953472",
        "sha256 " + "0123456789abcdef" * 4,
        "门店“S001”",
        "/api/v1/problems/order_below_minimum",
        "voucher_use_allowance_exceeded",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text


def written(error: BaseException, message: str = "it failed") -> str:
    """The lines of a log."""
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, message, None, None)
    record.exc_info = (type(error), error, error.__traceback__)
    return LogLine().format(record)


def test_a_log_line_tells_where_a_database_error_came_from_and_not_what_was_sent(
    database: Database,
) -> None:
    sent = ["李小红 13800138000"]
    error: BaseException | None = None
    with database.connect() as connection:
        try:
            try:
                connection.execute("SELECT %s::bigint", sent)
            except psycopg.Error as cause:
                raise DataError(str(cause)) from cause
        except DataError as raised:
            error = raised
    assert error is not None

    lines = written(error, "no voucher N6W5-3K7M-8QRT-2XYZ-4ABC")

    assert "no voucher N6W5****" in lines
    assert "InvalidTextRepresentation: 22P02" in lines
    assert "django.db.utils.DataError" in lines
    assert "direct cause" in lines
    assert "test_masking.py" in lines
    assert "李小红" not in lines
    assert "1380013" not in lines


def test_a_log_line_tells_of_errors_of_our_own() -> None:
    try:
        raise ValueError("no phone 13800138000")
    except ValueError as error:
        lines = written(error)

    assert lines.endswith("ValueError: no phone 138****")
