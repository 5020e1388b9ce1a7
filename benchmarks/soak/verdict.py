"""What a soak run found: figures, and claims that hold or do not."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Line:
    """One figure; ``expected`` None where it is only told."""

    part: str
    what: str
    value: float
    expected: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it is what it must be."""
        return self.expected is None or self.value == self.expected


@dataclass
class Verdict:
    """The lines of a run, said as they come."""

    console: Console = field(default_factory=Console)
    lines: list[Line] = field(default_factory=list)
    part: str = ""

    def begin(self, part: str) -> None:
        """What follows belongs to this part."""
        self.part = part
        self.console.rule(part)

    def note(self, what: str, value: float) -> None:
        """A figure without a claim."""
        self._add(Line(self.part, what, value))

    def expect(self, what: str, value: float, expected: float) -> None:
        """A figure that must be exactly this."""
        self._add(Line(self.part, what, value, expected))

    @property
    def holds(self) -> bool:
        """Whether all did."""
        return all(line.holds for line in self.lines)

    def print(self) -> None:
        """The table of the whole run."""
        table = Table("part", "what", "found", "expected", "", title="Kaquan soak")
        for line in self.lines:
            expected = "" if line.expected is None else f"{line.expected:,.0f}"
            mark = "" if line.expected is None else ("✓" if line.holds else "✗")
            table.add_row(line.part, line.what, f"{line.value:,.0f}", expected, mark)
        self.console.print(table)

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        mark = "" if line.expected is None else (" ✓" if line.holds else f" ✗ {line.expected:,.0f}")
        self.console.print(f"  {line.what}: {line.value:,.0f}{mark}")
