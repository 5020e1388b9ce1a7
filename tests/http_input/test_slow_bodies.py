"""A body that never ends is given up. Last in this folder: it waits while the others are tested."""

from __future__ import annotations

from tests.builders.books import books, differing
from tests.http_input.listening import ListeningSite, json_bytes
from tests.http_input.parts import HOT, REST, refused


def test_a_body_that_never_ends_is_given_up_while_others_are_served(
    listening: ListeningSite,
) -> None:
    """They have waited since before the other tests of this folder, each of which was served."""
    with listening.site.connect() as connection:
        before = books(connection)
        for sender in listening.slow_bodies:
            refused(listening.hear(sender), "body_too_slow")
        assert differing(before, books(connection)) <= {"ledger_lane"}
    assert listening.ask("POST", HOT.path, json_bytes(HOT.body)).code == "code_mistyped"
    assert listening.ask("GET", REST.path).status == 200
