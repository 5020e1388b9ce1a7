"""Raw HTTP, so that a test sees each attempt and not what a good client makes of it."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

BASE = "/api/v1/"
NO_ANSWER = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The answer's code."""
        return str(self.json["code"])


class Connection:
    """One connection, opened when it is needed and anew after it was lost; for one thread.

    ``source`` is the address that it comes from, any of 127.0.0.0/8 on Linux.
    """

    def __init__(
        self, port: int, api_key: str | None = None, *, source: str = "", timeout_s: float = 40
    ) -> None:
        self.port = port
        self._headers = {"Content-Type": "application/json"}
        if api_key is not None:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._source = source
        self._timeout_s = timeout_s
        self._open: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes, key: str | None = None) -> Answer:
        """POST; raises one of ``NO_ANSWER`` where nothing came back."""
        return self.ask("POST", path, body, {} if key is None else {"Idempotency-Key": key})

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """Any request; raises one of ``NO_ANSWER``."""
        connection = self._open
        if connection is None:
            connection = self._open = http.client.HTTPConnection(
                "127.0.0.1",
                self.port,
                timeout=self._timeout_s,
                source_address=(self._source, 0) if self._source else None,
            )
        try:
            connection.request(method, BASE + path, body, {**self._headers, **(headers or {})})
            response = connection.getresponse()
            told = response.read()
        except NO_ANSWER:
            self.close()
            raise
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, told)

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open.close()
            self._open = None
