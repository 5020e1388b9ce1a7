"""Whether clients of the API that was can go on with the API that is.

``python -m tools.compatibility`` compares ``docs/api/openapi.json`` with the baseline beside it;
``--accept`` makes it the new baseline, unless that would break clients.

What a client sends must still be taken: operations, parameters, fields and values may be added, not
taken away, and nothing may become required. What a client is sent must still hold what it held.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[1]
CURRENT = Path("docs/api/openapi.json")
BASELINE = Path("docs/api/openapi-v1-baseline.json")
METHODS = ("get", "post", "put", "patch", "delete")
DEPTH_MAX = 30

Document = Mapping[str, Any]
Schema = Mapping[str, Any]
Direction = Literal["sent", "answered"]


def breaks(before: Document, after: Document) -> list[str]:
    """What would break a client, as "where: what"."""
    return list(_Comparison(before, after).breaks())


class _Comparison:
    def __init__(self, before: Document, after: Document) -> None:
        self.before = before
        self.after = after

    def breaks(self) -> Iterator[str]:
        for path, methods in self.before["paths"].items():
            for method in METHODS:
                if method not in methods:
                    continue
                where = f"{method.upper()} {path}"
                now = self.after["paths"].get(path, {}).get(method)
                if now is None:
                    yield f"{where}: the operation is gone"
                    continue
                yield from self._of_operation(where, methods[method], now)

    def _of_operation(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        if old.get("x-kaquan-permission") != new.get("x-kaquan-permission"):
            yield f"{where}: another permission is needed"
        yield from self._of_parameters(where, old, new)
        yield from self._of_body(where, old.get("requestBody"), new.get("requestBody"))
        for status, answer in old["responses"].items():
            if not status.startswith("2"):
                continue
            if status not in new["responses"]:
                yield f"{where}: the answer {status} is gone"
                continue
            yield from self._of_contents(
                f"{where} {status}", answer, new["responses"][status], "answered"
            )

    def _of_parameters(self, where: str, old: Schema, new: Schema) -> Iterator[str]:
        known = {(one["in"], one["name"]): one for one in old.get("parameters", ())}
        there = {(one["in"], one["name"]): one for one in new.get("parameters", ())}
        for place, parameter in known.items():
            at = f"{where} {place[1]}"
            if place not in there:
                yield f"{at}: the parameter is gone"
                continue
            if there[place].get("required") and not parameter.get("required"):
                yield f"{at}: the parameter is required now"
            yield from self._of_schema(at, parameter["schema"], there[place]["schema"], "sent")
        for place, parameter in there.items():
            if place not in known and parameter.get("required"):
                yield f"{where} {place[1]}: a new parameter is required"

    def _of_body(self, where: str, old: Schema | None, new: Schema | None) -> Iterator[str]:
        if old is None:
            if new is not None and new.get("required"):
                yield f"{where}: a body is required now"
            return
        if new is None:
            yield f"{where}: no body is taken any more"
            return
        if new.get("required") and not old.get("required"):
            yield f"{where}: a body is required now"
        yield from self._of_contents(f"{where} body", old, new, "sent")

    def _of_contents(
        self, where: str, old: Schema, new: Schema, direction: Direction
    ) -> Iterator[str]:
        for media_type, content in old.get("content", {}).items():
            there = new.get("content", {}).get(media_type)
            if there is None:
                yield f"{where}: {media_type} is gone"
                continue
            yield from self._of_schema(
                where, content.get("schema", {}), there.get("schema", {}), direction
            )

    def _of_schema(
        self, where: str, old: Schema, new: Schema, direction: Direction, depth: int = 0
    ) -> Iterator[str]:
        if depth > DEPTH_MAX:  # a schema that holds itself has been seen by then
            return
        olds, news = self._options(self.before, old), self._options(self.after, new)
        yield from _of_types(where, olds, news, direction)
        for option in olds:
            fellow = _fellow(option, news)
            if fellow is not None:
                yield from self._of_option(where, option, fellow, direction, depth)

    def _of_option(
        self, where: str, old: Schema, new: Schema, direction: Direction, depth: int
    ) -> Iterator[str]:
        lost = [value for value in _values(old) if _values(new) and value not in _values(new)]
        if lost or (direction == "sent" and _values(new) and not _values(old)):
            yield f"{where}: values are gone: {lost or 'all but ' + str(_values(new))}"
        yield from _of_bounds(where, old, new, direction)
        properties, there = old.get("properties", {}), new.get("properties", {})
        for name, schema in properties.items():
            at = f"{where}.{name}"
            if name not in there:
                yield f"{at}: the property is gone"
                continue
            yield from self._of_schema(at, schema, there[name], direction, depth + 1)
        was, now = set(old.get("required", ())), set(new.get("required", ()))
        if direction == "sent":
            for name in sorted(now - was):
                yield f"{where}.{name}: the property is required now"
        else:
            for name in sorted((was - now) & there.keys()):
                yield f"{where}.{name}: the property may be missing now"
        if "items" in old and "items" in new:
            yield from self._of_schema(
                f"{where}[]", old["items"], new["items"], direction, depth + 1
            )

    def _options(self, document: Document, schema: Schema) -> list[Schema]:
        """The alternatives that a schema allows, references followed."""
        while "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = {"x-name": name, **document["components"]["schemas"][name]}
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return [
                    option for part in schema[choice] for option in self._options(document, part)
                ]
        kinds = schema.get("type")
        if isinstance(kinds, list):
            return [{**schema, "type": kind} for kind in kinds]
        return [schema]


def _of_types(
    where: str, olds: Sequence[Schema], news: Sequence[Schema], direction: Direction
) -> Iterator[str]:
    was, now = _types(olds), _types(news)
    if direction == "sent" and now and not was <= now:
        yield f"{where}: {', '.join(sorted(was - now)) or 'any value'} is not taken any more"
    if direction == "answered" and was and not now <= was:
        yield f"{where}: may be {', '.join(sorted(now - was)) or 'anything'} now"
    if direction == "sent" and not was and now:
        yield f"{where}: only {', '.join(sorted(now))} is taken now"
    if direction == "answered" and was and not now:
        yield f"{where}: may be anything now"


def _types(options: Sequence[Schema]) -> set[str]:
    found = {option["type"] for option in options if "type" in option}
    if any("type" not in option and not _values(option) for option in options):
        return set()
    return found | ({"integer"} if "number" in found else set())


def _fellow(option: Schema, others: Sequence[Schema]) -> Schema | None:
    """The alternative that stands for the same: by its name, else by its kind."""
    for key in ("x-name", "title", "type"):
        if key in option:
            for other in others:
                if other.get(key) == option[key]:
                    return other
    return others[0] if len(others) == 1 else None


def _values(schema: Schema) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] = schema.get("enum", [])
    return values


def _of_bounds(where: str, old: Schema, new: Schema, direction: Direction) -> Iterator[str]:
    if direction != "sent":
        return
    for name in ("minimum", "minLength", "minItems"):
        if new.get(name, float("-inf")) > old.get(name, float("-inf")):
            yield f"{where}: {name} is {new[name]} now"
    for name in ("maximum", "maxLength", "maxItems"):
        if new.get(name, float("inf")) < old.get(name, float("inf")):
            yield f"{where}: {name} is {new[name]} now"
    if new.get("pattern") != old.get("pattern") and "pattern" in new:
        yield f"{where}: the pattern is {new['pattern']} now"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.compatibility", description=__doc__)
    parser.add_argument("--accept", action="store_true", help="make it the baseline")
    accept: bool = parser.parse_args(arguments).accept
    text = (ROOT / CURRENT).read_text(encoding="utf-8")
    baseline = ROOT / BASELINE
    if baseline.exists():
        found = breaks(json.loads(baseline.read_text(encoding="utf-8")), json.loads(text))
        for one in found:
            sys.stdout.write(f"{one}\n")
        if found:
            return 1
    if accept:
        baseline.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
