"""What is wrong, and where."""

from __future__ import annotations

from msgspec import Struct

FAULTS_MAX = 20
_TEXT_MAX = 200


class Fault(Struct, frozen=True):
    """One wrong row: its table and key, what is wrong, what should and what does stand there."""

    table: str
    key: str
    zh: str
    en: str
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        told = f"{self.table} {self.key}：{self.zh} · {self.en}"
        if self.expected or self.found:
            told += f"（应为 expected {self.expected or '∅'}，实为 found {self.found or '∅'}）"
        return told


class Faults:
    """The first ``FAULTS_MAX`` faults in the order they were found; more would only echo them."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    @property
    def full(self) -> bool:
        """Whether no more are kept."""
        return len(self.found) >= FAULTS_MAX

    @property
    def room(self) -> int:
        """How many more are kept."""
        return FAULTS_MAX - len(self.found)

    def add(
        self,
        table: str,
        key: str,
        zh: str,
        en: str,
        *,
        expected: object = "",
        found: object = "",
    ) -> None:
        """Keep a fault; long values are cut."""
        if not self.full:
            self.found.append(Fault(table, key, zh, en, _cut(expected), _cut(found)))


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 1] + "…"
