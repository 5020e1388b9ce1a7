"""Every place of every documented request into which somebody may put a text or a number."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.api.described import api_document

JSON = "application/json"
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Request:
    """A request as the description's example has it."""

    operation: str
    method: str
    path: str
    body: Any
    query: tuple[str, ...]
    media_type: str

    @property
    def address(self) -> str:
        """Its address; whatever it names does not exist."""
        return re.sub(r"\{\w+\}", "77", self.path)

    def with_text_in_path(self, text: str) -> Iterator[str]:
        """Its address with this text for each thing that it names."""
        for name in re.findall(r"\{\w+\}", self.path):
            path = self.path.replace(name, quote(text, safe=""))
            yield re.sub(r"\{\w+\}", "77", path)

    def with_text_in_query(self, text: str) -> Iterator[str]:
        """Its address with this text for each of its parameters, and for one that it has not."""
        for name in (*self.query, quote(text, safe="")):
            yield f"{self.address}?{name}={quote(text, safe='')}"

    def places(self, kind: type) -> Iterator[Path]:
        """Where in its body there is a text, or a number."""
        if self.media_type == JSON:
            yield from _places(self.body, kind, ())

    def with_value(self, place: Path, value: Any) -> Any:
        """Its body with this value in one place."""
        body = copy.deepcopy(self.body)
        part = body
        for step in place[:-1]:
            part = part[step]
        part[place[-1]] = value
        return body

    def with_name(self, name: str) -> Any:
        """Its body with a field more."""
        return {**self.body, name: 1} if isinstance(self.body, dict) else self.body


def requests() -> list[Request]:
    """One for each operation, in the order of the description."""
    found = []
    for path, methods in api_document()["paths"].items():
        for method, operation in methods.items():
            content: Mapping[str, Any] = operation.get("requestBody", {}).get("content", {})
            media_type = next(iter(content), JSON)
            query = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
            found.append(
                Request(
                    operation["operationId"],
                    method.upper(),
                    path,
                    content.get(media_type, {}).get("example"),
                    tuple(query),
                    media_type,
                )
            )
    return found


def _places(value: Any, kind: type, at: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _places(part, kind, (*at, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _places(part, kind, (*at, index))
    elif at and type(value) is kind:
        yield at
