"""Collects figures, prints them beside their bars, and keeps them with machine and commit."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; ``bar`` is what it should reach, in words."""

    what: str
    value: float
    unit: str
    bar: str = ""


@dataclass
class Report:
    """The figures of one run. Called with (what, value, unit), or with a bar as well."""

    console: Console = field(default_factory=Console)
    figures: list[Figure] = field(default_factory=list)

    def __call__(self, what: str, value: float, unit: str, bar: str = "") -> None:
        """Note a figure, and show it at once."""
        figure = Figure(what, value, unit, bar)
        self.figures.append(figure)
        self.console.print(f"  {what}: {_shown(value)} {unit}" + (f"  (bar {bar})" if bar else ""))

    def value(self, what: str) -> float:
        """A figure noted before."""
        return next(figure.value for figure in self.figures if figure.what == what)

    def print(self) -> None:
        """The whole table."""
        table = Table("measured", "figure", "unit", "bar", title="Kaquan benchmarks")
        for figure in self.figures:
            table.add_row(figure.what, _shown(figure.value), figure.unit, figure.bar)
        self.console.print(table)

    def save(self, settings: Mapping[str, str]) -> Path:
        """Keep the figures with machine, commit and PostgreSQL settings."""
        now = datetime.now(UTC)  # kaquan-allow: naive-now because a result carries its own date
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{now:%Y-%m-%d-%H%M}.json"
        content = {
            "at": now.isoformat(timespec="seconds"),
            "commit": _commit(),
            "machine": machine(),
            "postgresql": dict(settings),
            "figures": [asdict(figure) for figure in self.figures],
        }
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return path


def machine() -> dict[str, str | int]:
    """What ran it: processor, cores, memory, system, Python."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": cpu,
        "cores": os.cpu_count() or 0,
        "memory_mb": pages * page_bytes >> 20,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average_1_min": f"{os.getloadavg()[0]:.1f}",
    }


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def _shown(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if value >= 1 else f"{value:.3f}"
