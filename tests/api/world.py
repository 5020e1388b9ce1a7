"""What operations may be asked for: for each name of a parameter, an object of one side.

A new operation whose path or body names a new kind of object needs a line in ``SUBJECTS`` here;
without it the scope matrix and the examples fail, for they do not know how to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from kaquan.organisations.models import Clerk, Organisation, Store, Terminal, TerminalKind
from kaquan.organisations.staffing import create_clerk, create_terminal
from tests.builders.access import ApiKeyMade, a_key
from tests.builders.issuer import SYSTEM, a_number, a_store, an_organisation


class Side:
    """A part of the organisation with objects of its own; each is made when it is first named."""

    def __init__(self, root: Organisation) -> None:
        self.organisation = an_organisation(a_number("片区"), root)

    @cached_property
    def store(self) -> Store:
        return a_store(self.organisation)

    @cached_property
    def clerk(self) -> Clerk:
        return create_clerk(
            actor=SYSTEM,
            staff_no=a_number("E"),
            name="李娜",
            organisation_id=self.organisation.id,
        )

    @cached_property
    def terminal(self) -> Terminal:
        return create_terminal(
            actor=SYSTEM,
            code=a_number("T"),
            store_code=self.store.organisation.code,
            kind=TerminalKind.TILL,
        )

    @cached_property
    def key(self) -> ApiKeyMade:
        return a_key("organisations.view", organisation=self.organisation)


class Subject(NamedTuple):
    """How to name an object of a side, and one that does not exist."""

    of: Callable[[Side], Any]
    missing: Any


_NODE = Subject(lambda side: side.organisation.id, 2_000_000_001)
_STORE = Subject(lambda side: side.store.organisation.code, "S-NONE")

SUBJECTS: Mapping[str, Subject] = {
    "organisation_id": _NODE,
    "parent_id": _NODE,
    "under_id": _NODE,
    "store": _STORE,
    "stores": Subject(lambda side: [side.store.organisation.code], ["S-NONE"]),
    "staff_no": Subject(lambda side: side.clerk.staff_no, "E-NONE"),
    "terminal": Subject(lambda side: side.terminal.code, "T-NONE"),
    "client_id": Subject(lambda side: side.key.caller.client_id, 2_000_000_002),
    "key_id": Subject(lambda side: side.key.caller.key_id, 2_000_000_003),
}

#: (operation, field of its body): names that the body gives to what it creates, or that name
#: nothing of an issuer's (an order number of a shop, say).
NEW_NAMES: frozenset[tuple[str, str]] = frozenset(
    {
        ("create_clerk", "staff_no"),
        ("create_terminal", "terminal"),
    }
)
