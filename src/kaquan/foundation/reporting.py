"""How foundation code tells a person what it is doing, without knowing terminals or pages."""

from collections.abc import Callable

Report = Callable[[str, str], None]
"""Takes one sentence in Chinese and the same in English."""


def silent(zh: str, en: str) -> None:
    """Drop the message."""
