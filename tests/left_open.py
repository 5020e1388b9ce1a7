"""Each test closes the sessions that its threads opened; each file, all that it opened.

A session that nobody closes is met by the garbage collector, in the middle of whichever test comes
to that moment, and that test fails with a warning that is not about it. Here the one that left it
open fails, each time.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakSet

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import BaseConnection

from tests.waiting import soon


class _Origin(NamedTuple):
    test: str
    thread: threading.Thread


#: What is open for as long as the worker runs.
LASTING: WeakSet[BaseConnection[Any]] = WeakSet()
_opened: WeakKeyDictionary[BaseConnection[Any], _Origin] = WeakKeyDictionary()
_at = [""]


def pytest_configure() -> None:
    """Note each session that this process opens, by whomever."""
    begin = BaseConnection.__init__

    def begin_and_note(self: BaseConnection[Any], *arguments: Any) -> None:
        begin(self, *arguments)
        _opened[self] = _Origin(_at[0], threading.current_thread())

    BaseConnection.__init__ = begin_and_note  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note which test is at work."""
    _at[0] = item.nodeid
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, None, None]:
    """After everything else of the test, and of its file when it is the last."""
    yield
    is_last = nextitem is None or nextitem.path != item.path
    if _left(is_last):
        soon(lambda: not _left(is_last), within_s=0.2)  # a thread may be about to close it
    left = [f"{one.test} in {one.thread.name}" for one in _left(is_last)]
    assert not left, f"sessions left open by {', '.join(left)}"


def _left(is_last: bool) -> list[_Origin]:
    """Whose sessions are open, though their thread ended or, after the last test, at all."""
    default = connections[DEFAULT_DB_ALIAS].connection  # goes on to the next test
    return [
        origin
        for session, origin in list(_opened.items())
        if (is_last or not origin.thread.is_alive())
        and session is not default
        and session not in LASTING
        and not session.closed
    ]
