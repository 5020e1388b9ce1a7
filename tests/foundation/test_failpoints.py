"""Failpoints: nothing in production, exact in crash tests."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kaquan.foundation.errors import KaquanError
from kaquan.foundation.failpoints import (
    EXIT_STATUS,
    FailpointReachedError,
    enable_failpoints,
    failpoint,
)

_PASS_FIVE_TIMES = """
import os, sys
from kaquan.foundation.failpoints import enable_failpoints, failpoint
enable_failpoints(sys.argv[1], debug=True)
for number in range(1, 6):
    failpoint("here")
    os.write(1, str(number).encode())
"""


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    enable_failpoints("", debug=False)


def test_an_unarmed_failpoint_does_nothing() -> None:
    failpoint("anything")


def test_outside_debug_mode_nothing_is_armed() -> None:
    with pytest.raises(KaquanError) as refused:
        enable_failpoints("here=raise", debug=False)

    assert refused.value.code == "failpoints_need_debug"
    failpoint("here")


def test_raise_breaks_every_passage_of_its_own_name_only() -> None:
    enable_failpoints("here=raise", debug=True)

    failpoint("elsewhere")
    for _ in range(2):
        with pytest.raises(FailpointReachedError, match="here"):
            failpoint("here")


def test_a_numbered_action_happens_on_that_passage_only() -> None:
    enable_failpoints("here=raise@2, there=raise@1", debug=True)

    failpoint("here")
    with pytest.raises(FailpointReachedError, match="there"):
        failpoint("there")
    with pytest.raises(FailpointReachedError, match="here"):
        failpoint("here")
    failpoint("here")


@pytest.mark.parametrize(("action", "status"), [("exit", EXIT_STATUS), ("kill", -signal.SIGKILL)])
def test_the_process_ends_on_the_third_passage(action: str, status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PASS_FIVE_TIMES, f"here={action}@3"],
        capture_output=True,
        check=False,
    )

    assert done.returncode == status
    assert done.stdout == b"12"


def test_a_paused_process_tells_so_and_goes_on_when_the_file_appears(tmp_path: Path) -> None:
    go = tmp_path / "go"
    child = subprocess.Popen(
        [sys.executable, "-c", _PASS_FIVE_TIMES, f"here=pause:{go}@3"], stdout=subprocess.PIPE
    )
    while not (tmp_path / "go.reached").exists():
        assert child.poll() is None
    assert child.stdout is not None
    assert os.read(child.stdout.fileno(), 9) == b"12"
    go.touch()

    assert child.communicate()[0] == b"345"


@pytest.mark.parametrize(
    "text",
    ["here", "here=", "=raise", "here=stop", "here=raise@0", "here=raise@x", "here=raise@",
     "here=pause", "here=pause:", "here=exit:/tmp/x", "here=raise@²"],
)  # fmt: skip
def test_a_specification_that_is_not_understood_is_refused_and_arms_nothing(text: str) -> None:
    enable_failpoints("other=raise", debug=True)

    with pytest.raises(KaquanError) as refused:
        enable_failpoints(text, debug=True)

    assert refused.value.code == "failpoints_invalid"
    failpoint("here")
    with pytest.raises(FailpointReachedError):
        failpoint("other")
