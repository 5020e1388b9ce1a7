"""Named places where a crash test may end, break or hold the process.

A specification reads `ledger.before_commit=exit@3,ledger.after_commit=raise`: on the third
passage the process ends; on every passage an error is raised. Actions: `exit` (at once, status
137, no clean-up), `kill` (SIGKILL to itself), `raise`, and `pause:PATH` (create `PATH.reached`,
then wait until `PATH` exists). Without `@N` the action takes place on every passage.
"""

import itertools
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kaquan.foundation.errors import ExitCode, KaquanError

EXIT_STATUS = 137
_PAUSE_STEP_S = 0.005


class FailpointReachedError(Exception):
    """What the action `raise` raises."""


@dataclass(frozen=True, slots=True)
class _Action:
    verb: str
    pause_path: Path | None
    on_passage: int | None
    passages: Iterator[int] = field(default_factory=lambda: itertools.count(1))


_actions: dict[str, _Action] = {}


def failpoint(name: str) -> None:
    """Do nothing, unless a test has armed this name."""
    if _actions:
        _pass(name)


def enable_failpoints(specification: str, *, debug: bool) -> None:
    """Arm the named failpoints and disarm all others; an empty specification disarms all.

    Raises `failpoints_need_debug` outside debug mode and `failpoints_invalid` for bad text.
    """
    actions = parse_failpoints(specification)
    if actions and not debug:
        raise KaquanError(
            "failpoints_need_debug",
            zh="故障点只能在调试模式下启用：请设置 KAQUAN_DEBUG=1，或清空 KAQUAN_FAILPOINTS。",
            en="Failpoints work in debug mode only: set KAQUAN_DEBUG=1 or empty KAQUAN_FAILPOINTS.",
            exit_code=ExitCode.CONFIGURATION,
        )
    _actions.clear()
    _actions.update(actions)


def parse_failpoints(specification: str) -> dict[str, _Action]:
    """Read a specification; raises `failpoints_invalid`."""
    parts = [part.strip() for part in specification.split(",") if part.strip()]
    return dict(_parse_part(part) for part in parts)


def _parse_part(part: str) -> tuple[str, _Action]:
    name, equals, action = part.partition("=")
    verb_and_path, at, passage = action.partition("@")
    verb, colon, path = verb_and_path.partition(":")
    wants_path = verb == "pause"
    valid = (
        bool(name and equals)
        and verb in {"exit", "kill", "raise", "pause"}
        and bool(colon and path) == wants_path
        and (not at or (passage.isascii() and passage.isdigit() and int(passage) > 0))
    )
    if not valid:
        raise KaquanError(
            "failpoints_invalid",
            zh=f"无法理解故障点“{part}”；正确写法如 ledger.before_commit=exit@3。",
            en=f'Failpoint "{part}" is not understood; write for example '
            "ledger.before_commit=exit@3.",
            exit_code=ExitCode.CONFIGURATION,
        )
    return name, _Action(verb, Path(path) if path else None, int(passage) if at else None)


def _pass(name: str) -> None:
    action = _actions.get(name)
    if action is None:
        return
    passage = next(action.passages)
    if action.on_passage is not None and passage != action.on_passage:
        return
    if action.verb == "exit":
        os._exit(EXIT_STATUS)
    if action.verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action.pause_path is not None:
        _pause_until_exists(action.pause_path)
        return
    raise FailpointReachedError(name)


def _pause_until_exists(path: Path) -> None:
    path.with_name(path.name + ".reached").touch()
    while not path.exists():
        time.sleep(_PAUSE_STEP_S)
