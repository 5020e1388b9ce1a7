"""What an offer looks like to whoever holds a voucher: its title, brand and colour."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from kaquan.engine.rules.terms import PLAIN_TEXT

Colour = Literal["red", "orange", "gold", "green", "teal", "blue", "purple", "black"]
COLOURS: tuple[str, ...] = get_args(Colour)

Line = Annotated[str, Meta(max_length=40, pattern=rf"^$|{PLAIN_TEXT}")]
Note = Annotated[str, Meta(max_length=80, pattern=rf"^$|{PLAIN_TEXT}")]


class Face(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Titles and notes in two languages; an empty one stands for the other language's."""

    title_zh: Annotated[str, Meta(min_length=1, max_length=40, pattern=PLAIN_TEXT)]
    title_en: Line = ""
    brand: Line = ""
    note_zh: Note = ""
    note_en: Note = ""
    colour: Colour = "red"


def face_json(face: Face | None) -> dict[str, Any]:
    """As it is kept; empty for an offer without one."""
    return {} if face is None else dict(msgspec.to_builtins(face))


def face_of(kept: dict[str, Any]) -> Face | None:
    """What was kept of an offer's face; None where there is none."""
    return msgspec.convert(kept, Face) if kept else None
