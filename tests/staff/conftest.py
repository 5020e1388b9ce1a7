"""A browser without a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures_database import Database

if TYPE_CHECKING:
    from django.test import Client


@pytest.fixture
def browser(database: Database, static_files: None) -> Client:
    from tests.staff.people import a_browser  # once Django is set up

    return a_browser()
