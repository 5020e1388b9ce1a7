"""The list of all operations, for the description and for tests that ask every one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BODY_BYTES_MAX = 256 * 1024
UPLOAD_BYTES_MAX = 4 * 1024 * 1024
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path. ``changes``: it needs an Idempotency-Key. Its effect and the answer
    kept for it are one transaction, unless it is ``repeatable``: work that commits by itself (a
    command to the ledger) and that changes nothing when it is done again with
    ``request.call.request_key``. ``key_field`` is a field of the body that may be the key instead.

    ``ahead`` gets what the view gets and finds out, before that transaction, what takes its time;
    the view finds it in ``request.ahead``.

    ``example`` is a body, ``query`` a query that a test really sends; objects that they name are
    replaced by the test's own (`tests/api/world.py`). ``problems`` are the codes of its own
    problems, besides those that every operation may give.
    """

    id: str
    method: str
    path: str
    permission: str
    tag: str
    zh: str
    en: str
    answer: Any
    changes: bool
    view: Callable[..., Any] = field(repr=False)
    about: str = ""
    status: int = 200
    repeatable: bool = False
    ahead: Callable[..., Any] | None = field(default=None, repr=False)
    example: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[str] = ()
    media_types: Sequence[str] = (JSON,)
    answer_media_type: str = JSON
    body_bytes_max: int = BODY_BYTES_MAX
    key_field: str = ""
    cost: int = 1

    @property
    def summary(self) -> str:
        """Both languages in one line."""
        return f"{self.zh} · {self.en}"


OPERATIONS: dict[str, Operation] = {}
"""By id; filled as the files of the API are imported (`application.api`)."""

TAGS: dict[str, str] = {}
"""What the operations of one file are about, in both languages; filled in the same way."""
