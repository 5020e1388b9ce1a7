"""From an operation of the list to a request for it: which of its parts name objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kaquan.surfaces.api.operations import Operation
from tests.api.calling import Api, Reply, filled
from tests.api.world import NEW_NAMES, SUBJECTS, Side

_NAMES_AN_OBJECT = re.compile(r".*_(?:ids?|codes?|numbers?|nos?)$")


@dataclass(frozen=True)
class Reference:
    """A place where a request names an object."""

    where: Literal["path", "query", "body"]
    name: str


def references(operation: Operation) -> list[Reference]:
    """Every place in which the operation's request names an object.

    Fails for a name that nobody has told us about: an operation that cannot be asked for somebody
    else's objects would be one whose scope is not tested.
    """
    found = [Reference("path", name) for name in re.findall(r"{(\w+)}", operation.path)]
    found += [Reference("query", name) for name in operation.query]
    if isinstance(operation.example, Mapping):
        found += [
            Reference("body", name)
            for name in operation.example
            if (operation.id, name) not in NEW_NAMES
        ]
    kept = []
    for reference in found:
        if reference.name in SUBJECTS:
            kept.append(reference)
        elif reference.where == "path" or _NAMES_AN_OBJECT.fullmatch(reference.name):
            raise AssertionError(
                f"{operation.id}: tests/api/world.py does not know what {reference.name} names"
            )
    return kept


@dataclass
class Asked:
    """A request for an operation, as it is documented, about a side's objects."""

    operation: Operation
    path: dict[str, Any]
    query: dict[str, Any]
    body: Any

    def send(self, api: Api, **more: Any) -> Reply:
        """Send it; a body that is not JSON goes as it is."""
        operation = self.operation
        return api.call(
            operation.method,
            filled(operation.path, self.path),
            self.body,
            query=self.query,
            content_type=operation.media_types[0],
            **more,
        )

    def about(self, reference: Reference, value: Any) -> Asked:
        """The same request with another object in one place."""
        asked = Asked(self.operation, dict(self.path), dict(self.query), self.body)
        if reference.where == "body":
            asked.body = {**self.body, reference.name: value}
        elif reference.where == "path":
            asked.path[reference.name] = value
        else:
            asked.query[reference.name] = value
        return asked


def documented(operation: Operation, side: Side) -> Asked:
    """The operation's example, about the objects of this side."""
    asked = Asked(operation, {}, dict(operation.query), operation.example)
    for reference in references(operation):
        asked = asked.about(reference, SUBJECTS[reference.name].of(side))
    return asked


def each_reference(operation: Operation) -> Iterator[tuple[Reference, Any]]:
    """Each place that names an object, with the name of one that does not exist."""
    for reference in references(operation):
        yield reference, SUBJECTS[reference.name].missing
