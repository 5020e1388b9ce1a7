"""One process with clocks that stand still, on a clean database."""

from __future__ import annotations

import pytest

from tests.access.entrances import Clocks, Entrance
from tests.fixtures_database import Database


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def entrance(database: Database, clocks: Clocks) -> Entrance:
    return Entrance(database, clocks)
