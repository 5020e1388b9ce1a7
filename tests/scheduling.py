"""Which tests a worker takes in one piece, and in what order: what takes long is begun first.

And how often a worker looks for garbage: what collecting the tests left is there to stay.
"""

from __future__ import annotations

import gc
from collections import Counter
from typing import Any

import pytest

#: Their tests share a server that takes seconds to start, so one worker takes the whole folder.
SHARE_A_SERVER = ("tests/gateway", "tests/http_input", "tests/http_faults")
#: The pieces that take longest; begun last, one of them would keep one worker busy alone.
LONG = (
    "tests/console/test_screens_browser.py",
    "tests/printing/test_sheets.py",  # needs no database, which the other worker makes meanwhile
    "tests/http_input",
    "tests/http_faults",
    "tests/fuzz/test_description_holds.py",
    "tests/races/test_soak.py",
    "tests/gateway",
    "tests/cli/test_up.py",
    "tests/console/test_screens.py",
    "tests/postgres/test_embedded_lifecycle.py",
    "tests/console/test_wizard_browser.py",
    "tests/console/test_tutorial.py",
    "tests/registration/test_desk_browser.py",
    "tests/console/test_roles_browser.py",
    "tests/console/test_browser.py",
    "tests/console/test_desk_browser.py",
    "tests/project/test_sandbox.py",
    "tests/demo/test_complete_journey.py",
    "tests/demo/test_national_chain.py",
    "tests/staff/test_login_browser.py",
    "tests/web/test_browser.py",
    "tests/ledger/test_tampering.py",
    "tests/api/test_examples.py",
    "tests/postgres/test_embedded_creation.py",
    "tests/project/test_background.py",
    "tests/postgres/test_database_fixture.py",
    "tests/postgres/test_refused_settings.py",
    "tests/counter/test_browser.py",
    "tests/crash/test_server_killed.py",
    "tests/engine/test_stateful_audit.py",
    "tests/crash/test_process_killed.py",
    "tests/client/test_real_server.py",
)
#: How many objects may be new before the next look for garbage: 700, as it is by default, took a
#: tenth of the time, most of it for what pytest and Django keep until the end.
GARBAGE_OBJECTS = 50_000


def piece_of(nodeid: str) -> str:
    """The file of a test, or the folder that it shares a server with."""
    path = nodeid.partition("::")[0]
    return next((one for one in SHARE_A_SERVER if path.startswith(f"{one}/")), path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``--dist loadfile``: files, and these folders, in the order of their collection."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Pieces(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return piece_of(nodeid)

    config.option.loadscopereorder = False
    return Pieces(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A worker's tests: the long pieces first, then those of many tests. Else as they stand."""
    if not hasattr(config, "workerinput"):
        return
    sizes = Counter(piece_of(item.nodeid) for item in items)
    ranks = {piece: rank for rank, piece in enumerate(LONG)}
    items.sort(
        key=lambda item: (
            ranks.get(piece := piece_of(item.nodeid), len(LONG)),
            -sizes[piece],
            piece,
        )
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What there is now is needed until the end, and not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
