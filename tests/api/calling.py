"""Calls of the management API as a program makes them, through all of Django."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

from django.test import Client

from kaquan.access.permissions import PERMISSION_NAMES, PUBLISHABLE_PERMISSIONS
from kaquan.organisations.models import Organisation
from tests.builders.access import a_key

BASE = "/api/v1"
EVERYTHING = tuple(sorted(PERMISSION_NAMES - set(PUBLISHABLE_PERMISSIONS)))
_request_keys = count(1)


class Reply:
    """An answer: its status, its JSON, its bytes and its headers."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.content: bytes = (
            b"".join(response.streaming_content) if response.streaming else response.content
        )
        self.headers: Mapping[str, str] = response.headers

    @property
    def json(self) -> Any:
        """The content, which must be JSON."""
        assert "json" in self.headers["Content-Type"], self
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The code of a problem."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        assert isinstance(self.json["code"], str)
        return str(self.json["code"])

    def __repr__(self) -> str:
        return f"{self.status} {self.content[:1_000].decode(errors='replace')}"


class Api:
    """Someone with a key."""

    def __init__(self, authorization: str | None) -> None:
        self.authorization = authorization
        self.client = Client()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        key: str | None = "new",
        content_type: str = "application/json",
        language: str = "zh",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One call. ``key`` is its Idempotency-Key: a new one unless told, None for none."""
        given = {"host": "localhost", "accept-language": language, **(headers or {})}
        if self.authorization is not None:
            given["authorization"] = self.authorization
        if method != "GET" and key is not None:
            given["idempotency-key"] = f"test-{next(_request_keys)}" if key == "new" else key
        address = BASE + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        data: Any = b""
        if body is not None:
            data = body if isinstance(body, bytes | str) else json.dumps(body)
        response = self.client.generic(
            method, address, data, content_type=content_type if data else "", headers=given
        )
        return Reply(response)

    def get(self, path: str, **query: Any) -> Reply:
        """A reading call."""
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        """A call with a body."""
        return self.call("POST", path, {} if body is None else body, **more)

    def patch(self, path: str, body: Any, **more: Any) -> Reply:
        """A call that changes some fields."""
        return self.call("PATCH", path, body, **more)


def an_api(*permissions: str, organisation: Organisation | None = None, **bounds: Any) -> Api:
    """A caller with these permissions, all if none are named, in a part of the tree."""
    made = a_key(*(permissions or EVERYTHING), organisation=organisation, **bounds)
    return Api(made.authorization)


def filled(path: str, values: Mapping[str, Any]) -> str:
    """A path with its parameters, percent-encoded."""
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    assert "{" not in path, f"{path}: not every parameter is known"
    return path
