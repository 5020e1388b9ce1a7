"""Where an offer's terms are wrong, and how to put it right, in both languages."""

from __future__ import annotations

from msgspec import Struct


class TermsFault(Struct, frozen=True):
    """One thing to mend. ``path`` is dotted (``limits[0].cap``), empty for the terms as a whole."""

    path: str
    zh: str
    en: str
