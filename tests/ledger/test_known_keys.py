"""A start with another key file than the vouchers were made with is refused."""

from pathlib import Path

import pytest

from kaquan.foundation import keys
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.known_keys import know_keys
from tests.fixtures_database import Database


def _known(database: Database) -> list[tuple[int, str, str]]:
    return database.connect().execute("SELECT * FROM issuer_key ORDER BY 1, 2").fetchall()


def test_the_same_key_file_is_taken_again_and_again(database: Database, tmp_path: Path) -> None:
    ring = keys.load_or_create(tmp_path / "keys.json")

    know_keys(database.connect(), ring)
    first = _known(database)
    know_keys(database.connect(), keys.load(tmp_path / "keys.json"))

    assert first
    assert _known(database) == first


def test_a_rotated_key_is_added_and_the_old_one_stays_needed(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    know_keys(database.connect(), keys.load_or_create(path))
    before = len(_known(database))

    know_keys(database.connect(), keys.rotate(path, "code-tag"))

    assert len(_known(database)) == before + 1


def test_a_key_file_made_anew_is_refused_and_leaves_the_known_keys_alone(
    database: Database, tmp_path: Path
) -> None:
    know_keys(database.connect(), keys.load_or_create(tmp_path / "keys.json"))
    before = _known(database)

    with pytest.raises(KaquanError) as refused:
        know_keys(database.connect(), keys.load_or_create(tmp_path / "other" / "keys.json"))

    assert refused.value.code == "keys_lost"
    assert "code-tag" in refused.value.en
    assert _known(database) == before


def test_new_session_keys_are_no_loss(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    know_keys(database.connect(), keys.load_or_create(path))

    know_keys(database.connect(), keys.rotate(path, "web-session"))

    assert all(purpose != "web-session" for _, purpose, _ in _known(database))
