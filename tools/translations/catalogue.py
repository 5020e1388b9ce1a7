"""Message catalogues: what the sources say, what a .po file translates, and the .mo made of it."""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

_ENTRY = re.compile(r'^(msgid|msgstr) "(.*)"$|^"(.*)"$')
_CALLS = frozenset({"_", "gettext", "gettext_lazy", "gettext_noop", "pgettext"})
_MO_MAGIC = 0x950412DE
_MO_HEADER = struct.Struct("<7I")


def messages(source: Path) -> set[str]:
    """Every text that a template or a Python file marks for translation."""
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".html":
        # Django writes a template as Python-like lines, one call for each text that it marks.
        calls = re.findall(r"\b(?:_|gettext)\((.*?)\) ", templatize(text) + " ", re.DOTALL)
        return {ast.literal_eval(call.strip()) for call in calls}
    return {
        str(node.args[0].value)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _CALLS
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def read_po(path: Path) -> dict[str, str]:
    """The translations of a .po file, its header under the empty text.

    It has only ``msgid`` and ``msgstr``; ``ValueError`` for anything else and for a repeated text.
    """
    catalogue: dict[str, str] = {}
    for entry in _entries(path.read_text(encoding="utf-8")):
        if set(entry) != {"msgid", "msgstr"} or entry["msgid"] in catalogue:
            raise ValueError(f"{path}: {entry}")
        catalogue[entry["msgid"]] = entry["msgstr"]
    return catalogue


def _entries(text: str) -> Iterator[dict[str, str]]:
    entry: dict[str, str] = {}
    field = ""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _ENTRY.match(line)
        if match is None:
            raise ValueError(line)
        if match[1] == "msgid" and entry:
            yield entry
            entry = {}
        field = match[1] or field
        content = match[2] if match[1] else match[3]
        entry[field] = entry.get(field, "") + ast.literal_eval(f'"{content}"')
    if entry:
        yield entry


def mo_bytes(catalogue: dict[str, str]) -> bytes:
    """A catalogue as gettext's binary file (GNU gettext manual, "The Format of GNU MO Files")."""
    texts = sorted((text.encode(), done.encode()) for text, done in catalogue.items() if done)
    count = len(texts)
    ids_at, strings_at = _MO_HEADER.size, _MO_HEADER.size + 8 * count
    offset = strings_at + 8 * count
    tables = [b"", b""]
    content = b""
    for column in (0, 1):
        for pair in texts:
            tables[column] += struct.pack("<2I", len(pair[column]), offset + len(content))
            content += pair[column] + b"\0"
    head = _MO_HEADER.pack(_MO_MAGIC, 0, count, ids_at, strings_at, 0, offset)
    return head + tables[0] + tables[1] + content
