"""Each test closes the sessions that its threads opened; each folder, all that it opened.

A session that nobody closes is met by the garbage collector, in the middle of whichever test comes
to that moment, and that test fails with a warning that is not about it. Here the one that left it
open fails, each time.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import BaseConnection

from tests.waiting import soon


class _Origin(NamedTuple):
    test: str
    lasts: bool
    thread: threading.Thread


_opened: WeakKeyDictionary[BaseConnection[Any], _Origin] = WeakKeyDictionary()
_test = [""]
#: Of the fixtures that are being set up, the innermost last.
_scopes = ["function"]


def pytest_configure() -> None:
    """Note each session that this process opens, by whomever."""
    begin = BaseConnection.__init__

    def begin_and_note(self: BaseConnection[Any], *arguments: Any) -> None:
        begin(self, *arguments)
        lasts = _scopes[-1] == "session"
        _opened[self] = _Origin(_test[0], lasts, threading.current_thread())

    BaseConnection.__init__ = begin_and_note  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note which test is at work."""
    _test[0] = item.nodeid
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """Note for how long what is opened now may be open."""
    _scopes.append(fixturedef.scope)
    try:
        return (yield)
    finally:
        _scopes.pop()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, None, None]:
    """After everything else of the test, and of its folder when it is the last: files of a folder
    may share what opens a session anew when it has lost one."""
    yield
    is_last = nextitem is None or nextitem.path.parent != item.path.parent
    if _left(is_last):
        soon(lambda: not _left(is_last), within_s=5.0)  # a thread may be about to close it
    left = [f"{one.test} ({one.thread.name})" for one in _left(is_last)]
    assert not left, f"sessions were left open by {', '.join(left)}"


def _left(is_last: bool) -> list[_Origin]:
    """Whose sessions are open, though their thread or, after the last test, all of it ended."""
    default = connections[DEFAULT_DB_ALIAS].connection  # stays for the next test
    return [
        origin
        for session, origin in list(_opened.items())
        if not (origin.thread.is_alive() and (origin.lasts or not is_last))
        and session is not default
        and not session.closed
    ]
