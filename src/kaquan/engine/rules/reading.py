"""JSON to ``Terms``, or every fault in it at once.

msgspec stops at the first fault; an author wants all of them. So bad input is walked again, piece
by piece, along the same types: there is no second description of what terms look like.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect as shapes

from kaquan.engine.rules.faults import TermsFault
from kaquan.engine.rules.sanity import sanity_faults
from kaquan.engine.rules.terms import Terms

TERMS_BYTES_MAX = 512 * 1024
FAULTS_MAX = 100
SHOWN_MAX = 40

#: msgspec works a type out on its first use, and ends the process where two threads are first at
#: once (0.22): what threads read is worked out at import.
_PREPARED = msgspec.json.Decoder(Terms)


def terms_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of an offer's terms."""
    schema = msgspec.json.schema(Terms)
    for definition in schema["$defs"].values():
        definition["description"] = inspect.cleandoc(definition["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def terms_bytes(terms: Terms) -> bytes:
    """Canonical JSON of terms: defaults left out, so equal terms are equal bytes."""
    return msgspec.json.encode(terms)


def read_terms(raw: bytes | dict[str, Any]) -> Terms | list[TermsFault]:
    """Decode terms and check that they make sense; a list holds up to ``FAULTS_MAX`` faults.

    Whatever the input, this answers; it never raises.
    """
    if not isinstance(raw, bytes):
        try:
            raw = msgspec.json.encode(raw)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return [_NOT_JSON]
    if len(raw) > TERMS_BYTES_MAX:
        most = TERMS_BYTES_MAX // 1024
        return [TermsFault("", f"内容超过 {most} KB，请精简", f"longer than {most} KB: shorten it")]
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return [_NOT_JSON]
    try:
        terms = msgspec.convert(value, Terms)
    except ValueError:
        return list(islice(_faults(value, Terms, ""), FAULTS_MAX))
    return sanity_faults(terms)[:FAULTS_MAX] or terms


_NOT_JSON = TermsFault("", "不是有效的 JSON（UTF-8）", "not valid JSON in UTF-8")


def _faults(value: Any, kind: Any, path: str) -> Iterator[TermsFault]:
    """The faults of a decoded value against a type of the schema, deepest places first."""
    try:
        msgspec.convert(value, kind)
    except ValueError:
        pass
    else:
        return
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    members = get_args(bare) if get_origin(bare) in (Union, UnionType) else (bare,)
    pieces = [one for one in members if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    if pieces:
        yield from _struct_faults(value, pieces, path)
    elif get_origin(bare) is tuple and isinstance(value, list):
        yield from _list_faults(value, kind, get_args(bare)[0], path)
    else:
        # Of a type that may also be null, the other half says more.
        wanted = next((one for one in members if one is not type(None)), bare)
        yield TermsFault(path, *_expected(shapes.type_info(kind if wanted is bare else wanted)))


def _struct_faults(
    value: Any, pieces: list[type[msgspec.Struct]], path: str
) -> Iterator[TermsFault]:
    if not isinstance(value, dict):
        yield TermsFault(path, "应为对象 {…}", "expected an object {…}")
        return
    piece = pieces[0]
    tag_field = piece.__struct_config__.tag_field
    if tag_field is not None:
        by_tag = {one.__struct_config__.tag: one for one in pieces}
        tag = value.get(tag_field)
        if not isinstance(tag, str) or tag not in by_tag:
            known = ", ".join(str(one) for one in by_tag)
            yield TermsFault(
                _join(path, tag_field), f"应为其中之一：{known}", f"expected one of: {known}"
            )
            return
        piece = by_tag[tag]
    hints = get_type_hints(piece, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(piece)}
    for name in value:
        if name not in fields and name != tag_field:
            yield TermsFault(_join(path, _shown(name)), "没有这个字段", "there is no such field")
    for name, field in fields.items():
        if name in value:
            yield from _faults(value[name], hints[field.name], _join(path, name))
        elif field.required:
            yield TermsFault(_join(path, name), "缺少这个字段", "this field is missing")


def _list_faults(value: list[Any], kind: Any, item: Any, path: str) -> Iterator[TermsFault]:
    info = shapes.type_info(kind)
    assert isinstance(info, shapes.VarTupleType), kind
    if info.max_length is not None and len(value) > info.max_length:
        yield TermsFault(
            path,
            f"最多 {info.max_length} 项",
            f"at most {info.max_length} entries, not {len(value)}",
        )
    for index, entry in enumerate(value[: info.max_length]):
        yield from _faults(entry, item, f"{path}[{index}]")


def _expected(info: shapes.Type) -> tuple[str, str]:
    """What a plain value should be, in Chinese and English."""
    match info:
        case shapes.IntType(ge=least, le=most):
            return (
                f"应为 {least} 到 {most} 之间的整数",
                f"expected a whole number from {least} to {most}",
            )
        case shapes.EnumType(cls=names):
            known = ", ".join(str(one.value) for one in names)
            return f"应为其中之一：{known}", f"expected one of: {known}"
        case shapes.LiteralType(values=values):
            known = ", ".join(str(one) for one in values)
            return f"应为其中之一：{known}", f"expected one of: {known}"
        case shapes.StrType(max_length=None):  # every name has a longest length, a time has none
            return "应为时间 HH:MM，例如 09:30", "expected a time of day HH:MM, such as 09:30"
        case shapes.StrType(max_length=most):
            return (
                f"应为 1 到 {most} 个字符的文字，首尾无空格，不含控制字符",
                f"expected 1 to {most} characters, no blanks at the ends, no control characters",
            )
        case shapes.DateType():
            return "应为日期，例如 2026-10-01", "expected a date such as 2026-10-01"
        case shapes.DateTimeType():
            return (
                "应为带时区的时刻，例如 2026-10-01T08:00:00+08:00",
                "expected an instant with its zone, such as 2026-10-01T08:00:00+08:00",
            )
        case shapes.BoolType():
            return "应为 true 或 false", "expected true or false"
        case shapes.VarTupleType():
            return "应为列表 […]", "expected a list […]"
    raise AssertionError(f"the schema has a type without a sentence: {info}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(name: str) -> str:
    """A stranger's field name, short and printable."""
    return "".join(one if one.isprintable() else "?" for one in name[:SHOWN_MAX])
