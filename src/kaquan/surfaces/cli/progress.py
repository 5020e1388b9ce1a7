"""A progress bar on the error stream for anything that takes longer than a moment."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from kaquan.foundation import clock
from kaquan.foundation.imports import Step
from kaquan.surfaces.cli.output import stderr

QUIET_S = 0.5


class ProgressBar:
    """Shows nothing before ``QUIET_S``, and nothing at all where nobody watches a terminal."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._started_s = clock.monotonic_s()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, zh: str, en: str, done: int, total: int | None) -> None:
        """Tell how much is done, of how much in all (None: not known)."""
        if not self._watched or clock.monotonic_s() - self._started_s < QUIET_S:
            return
        if self._bar is None or self._task is None:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=stderr(),
                transient=True,
            )
            self._task = self._bar.add_task("", total=None)
            self._bar.start()
        self._bar.update(
            self._task, description=f"{zh} {en}", completed=done, total=total, refresh=False
        )

    def step(self, step: Step, done: int, total: int | None) -> None:
        """The same for an import's steps."""
        self.update(step.zh, step.en, done, total)
