"""A server for all tests of this folder; what it says is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from kaquan.foundation.configuration import Configuration
from tests.database_cleaner import Cleaner

if TYPE_CHECKING:  # pytest reads this file before Django is set up
    from tests.http_input.listening import ListeningSite


@pytest.fixture(scope="package")
def listening(migrated_database: Configuration, cleaner: Cleaner) -> Iterator[ListeningSite]:
    """``kaquan up`` at its most talkative, with an issuer, and whatever it has said."""
    from tests.gateway.site import end_site
    from tests.http_input.listening import start_listening
    from tests.http_input.parts import HOT, REST

    cleaner.clean()
    with pytest.MonkeyPatch.context() as patch:
        started = start_listening(migrated_database, patch)
    started.slow_bodies += [started.half_sent(part.path) for part in (HOT, REST)]
    yield started
    for sender in started.slow_bodies:
        sender.close()
    end_site(started.site)
    connections.close_all()
