"""What can go wrong: it was refused, nobody knows, or nobody was there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Base of everything that this package raises about a call."""


class Refused(ClientError):  # noqa: N818  # it reads as what happened
    """The server's answer was no, and is final for this request: a reason, in words and as a code.

    ``retryable``: a new request with the same content may succeed later (stock comes back, a day
    begins). ``remedy`` says what would help, ``data`` has the numbers, amounts in fen.
    ``key`` is the request's Idempotency-Key, where it had one.
    """

    def __init__(
        self,
        code: str,
        text: str,
        *,
        status: int,
        retryable: bool = False,
        remedy: str = "",
        data: Mapping[str, Any] | None = None,
        key: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.retryable = retryable
        self.remedy = remedy
        self.data = dict(data or {})
        self.key = key
        self.retry_after_s = retry_after_s


class Unknown(ClientError):  # noqa: N818  # it reads as what happened
    """The request may or may not have taken effect: no answer came back that says so.

    Sending the same request again with the same ``key``, now or next week, is safe: it takes
    effect once, and the answer is the first one's.
    """

    def __init__(self, key: str, reason: str, *, tries: int) -> None:
        super().__init__(
            f"outcome unknown after {tries} tries ({reason}); retry with key {key!r} is safe"
        )
        self.key = key
        self.reason = reason
        self.tries = tries


class Unreachable(ClientError):  # noqa: N818  # it reads as what happened
    """No answer was to be had, and nothing changed: a read, or a request that was never sent."""

    def __init__(self, reason: str, *, tries: int, key: str | None = None) -> None:
        super().__init__(f"no answer after {tries} tries ({reason}); nothing was changed")
        self.reason = reason
        self.tries = tries
        self.key = key
