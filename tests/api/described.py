"""Whether an answer is what the description says: the part of JSON Schema that it is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from kaquan.project import description

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_KNOWN = {
    "$ref", "additionalProperties", "anyOf", "const", "default", "description", "enum", "example",
    "examples", "format", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength",
    "minimum", "oneOf", "discriminator", "pattern", "properties", "required", "title", "type",
    "exclusiveMinimum", "exclusiveMaximum", "prefixItems", "deprecated", "allOf", "uniqueItems",
}  # fmt: skip


def faults(
    document: Mapping[str, Any], schema: Mapping[str, Any], value: Any, at: str = "$"
) -> Iterator[str]:
    """Where the value is not what the schema says."""
    unknown = schema.keys() - _KNOWN
    assert not unknown, f"{at}: this test cannot judge {unknown}"
    if "$ref" in schema:
        yield from faults(document, resolved(document, schema), value, at)
        return
    for choice in ("anyOf", "oneOf"):
        if choice in schema and not any(
            not list(faults(document, option, value, at)) for option in schema[choice]
        ):
            yield f"{at}: {value!r} is none of the {choice}"
    for part in schema.get("allOf", ()):
        yield from faults(document, part, value, at)
    kinds = schema.get("type")
    if kinds is not None and not _is_one_of(value, [kinds] if isinstance(kinds, str) else kinds):
        yield f"{at}: {value!r} is no {kinds}"
    elif isinstance(value, dict):
        yield from _object_faults(document, schema, value, at)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from faults(document, schema.get("items", {}), item, f"{at}[{index}]")
    else:
        yield from _scalar_faults(schema, value, at)


@cache
def api_document() -> Mapping[str, Any]:
    """The whole description, made once."""
    return description.document()


def resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a reference stands for."""
    found: Any = document
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, Mapping)
    return found


def _is_one_of(value: Any, kinds: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, _TYPES[kind]) for kind in kinds)


def _scalar_faults(schema: Mapping[str, Any], value: Any, at: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is not in {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {value!r} is not {schema['const']!r}"
    if isinstance(value, str):
        yield from _text_faults(schema, value, at)
    if isinstance(value, int) and not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
    ):
        yield f"{at}: {value} is out of bounds"


def _text_faults(schema: Mapping[str, Any], value: str, at: str) -> Iterator[str]:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{at}: {value!r} has another length"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at}: {value!r} does not match {schema['pattern']}"


def _object_faults(
    document: Mapping[str, Any], schema: Mapping[str, Any], value: dict[str, Any], at: str
) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}: {name} is missing"
    others = schema.get("additionalProperties", True)
    for name, part in value.items():
        if name in properties:
            yield from faults(document, properties[name], part, f"{at}.{name}")
        elif isinstance(others, Mapping):
            yield from faults(document, others, part, f"{at}.{name}")
        elif not others or properties:
            # Answers may grow, so the schema allows it; but what is there today is described.
            yield f"{at}: {name} is not described"
