"""Running ``kaquan`` in the tests' own process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from kaquan.surfaces.cli.exit_codes import Ending
from kaquan.surfaces.cli.failures import ERROR_LOG
from kaquan.surfaces.cli.main import main
from tests.fixtures_database import Database


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The result of a command that was asked for JSON."""
        return json.loads(self.out)


Kaquan = Callable[..., Ran]


@pytest.fixture
def kaquan(database: Database, capsys: pytest.CaptureFixture[str]) -> Kaquan:
    """Runs a command on the worker's database; arguments may be anything that has a text."""

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        exit_code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        log = database.configuration.home / "log" / ERROR_LOG
        assert exit_code != Ending.INTERNAL_ERROR, log.read_text(encoding="utf-8")[-4_000:]
        assert "Traceback" not in printed.out + printed.err
        return Ran(exit_code, printed.out, printed.err)

    return run
