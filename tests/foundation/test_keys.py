"""The key ring: private, atomic, never losing a key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kaquan.foundation import keys
from kaquan.foundation.errors import KaquanError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ring may be created; its folder does not exist yet."""
    return tmp_path / "home" / "keys.json"


def test_the_first_use_creates_a_private_key_for_every_purpose(path: Path) -> None:
    ring = keys.load_or_create(path)

    made = [ring.active(purpose) for purpose in keys.PURPOSES]
    assert all(len(key.secret) == 32 for key in made)
    assert len({key.secret for key in made}) == len({key.key_id for key in made}) == len(made)
    assert path.stat().st_mode & 0o777 == 0o600


def test_later_uses_read_the_same_keys(path: Path) -> None:
    first = keys.load_or_create(path)
    content = path.read_bytes()

    again = keys.load_or_create(path)

    assert [again.all(purpose) for purpose in keys.PURPOSES] == [
        first.all(purpose) for purpose in keys.PURPOSES
    ]
    assert path.read_bytes() == content


def test_rotation_adds_a_newer_key_and_keeps_the_old_one(path: Path) -> None:
    before = keys.load_or_create(path)

    after = keys.rotate(path, "code-tag")

    assert after.all("code-tag") == (after.active("code-tag"), before.active("code-tag"))
    assert after.active("code-tag").key_id > before.active("code-tag").key_id
    assert after.all("pool-hash") == before.all("pool-hash")
    assert keys.load(path).all("code-tag") == after.all("code-tag")
    assert path.stat().st_mode & 0o777 == 0o600


def test_processes_that_start_and_rotate_at_once_lose_no_key(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from kaquan.foundation import keys\n"
        "path = Path(sys.argv[1]); keys.load_or_create(path); keys.rotate(path, 'code-tag')"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, path]) for _ in range(6)]

    assert [child.wait() for child in children] == [0] * 6
    assert len(keys.load(path).all("code-tag")) == 7


def test_a_write_that_is_cut_off_leaves_the_old_ring_and_no_temporary_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys.load_or_create(path)

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        keys.rotate(path, "code-tag")

    assert keys.load(path).all("code-tag") == before.all("code-tag")
    assert sorted(item.name for item in path.parent.iterdir()) == ["keys.json", "keys.json.lock"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o660, 0o604])
def test_a_ring_that_others_may_touch_is_refused(path: Path, mode: int) -> None:
    keys.load_or_create(path)
    path.chmod(mode)

    for use in (keys.load, keys.load_or_create, lambda path: keys.rotate(path, "code-tag")):
        with pytest.raises(KaquanError) as refused:
            use(path)
        assert refused.value.code == "private_file_exposed"
    assert f"chmod 600 '{path}'" in refused.value.zh


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_ring_of_another_user_is_refused_by_root_too(path: Path) -> None:
    keys.load_or_create(path)
    os.chown(path, 65534, 65534)

    with pytest.raises(KaquanError) as refused:
        keys.load(path)

    assert refused.value.code == "private_file_exposed"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_ring_that_this_user_may_not_read_is_one_clear_error(path: Path) -> None:
    keys.load_or_create(path)
    path.chmod(0)

    with pytest.raises(KaquanError) as refused:
        keys.load(path)

    assert refused.value.code == "private_file_unreadable"


def test_a_missing_ring_is_only_created_by_those_who_mean_to(path: Path) -> None:
    with pytest.raises(KaquanError) as refused:
        keys.load(path)

    assert refused.value.code == "key_file_missing"
    assert not path.exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:0],
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda text: text.replace('"active"', '"retired"', 1),
        lambda text: text.replace('"id": 2', '"id": 1'),
        lambda text: text.replace('"purpose": "pool-hash"', '"purpose": "code-tag"'),
        lambda text: text.replace('"secret": "', '"secret": "AAAA', 1),
        lambda text: text.replace('"id"', '"surprise"', 1),
        lambda text: "\ud800".encode("utf-8", "surrogatepass").decode("latin-1") + text,
    ],
)
def test_a_damaged_ring_is_refused_without_showing_it_and_left_alone(
    path: Path, spoil: object
) -> None:
    keys.load_or_create(path)
    assert callable(spoil)
    spoilt = spoil(path.read_text())
    path.write_text(spoilt)

    for use in (keys.load, keys.load_or_create):
        with pytest.raises(KaquanError) as refused:
            use(path)
        assert refused.value.code == "key_file_invalid"
        assert refused.value.__cause__ is None
    assert path.read_text() == spoilt


def test_a_purpose_that_a_newer_version_needs_gets_its_key(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys.load_or_create(path)
    monkeypatch.setattr(keys, "PURPOSES", (*keys.PURPOSES, "offline-signing"))

    after = keys.load_or_create(path)

    assert len(after.active("offline-signing").secret) == 32
    assert after.all("code-tag") == before.all("code-tag")


def test_secrets_are_not_shown_but_fingerprints_tell_keys_apart(path: Path) -> None:
    ring = keys.load_or_create(path)
    key, other = ring.active("code-tag"), ring.active("pool-hash")

    assert repr(key) == f"Key(key_id={key.key_id})"
    assert key.fingerprint != other.fingerprint
    assert key.fingerprint == keys.load(path).active("code-tag").fingerprint


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(KaquanError) as refused:
        keys.load_or_create(tmp_path / "file" / "below" / "keys.json")

    assert refused.value.code == "folder_not_writable"
