"""One folder below /tmp for a whole test run, and the end of what killed runs left behind."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kaquan.foundation.configuration import Configuration, load_configuration
from kaquan.foundation.locks import open_lock_file, try_lock
from kaquan.foundation.postgres.embedded import EmbeddedServer
from tests.programs import end_programs_in

PREFIX = "kaquan-tests-"
_OWNER_LOCK = "run.lock"
# A small machine: its buffers are allocated for each of the clusters that a run starts.
POSTGRES_MEMORY_MB = "256"


def create_session_folder() -> tuple[Path, int]:
    """A new folder, and the lock that says that its run is alive (released with the process)."""
    for lock_file in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{_OWNER_LOCK}"):
        if lock_file.stat().st_uid == os.geteuid():
            _remove_if_abandoned(lock_file)
    # It gets its final name once it is locked: before, another run would take it for abandoned.
    unlocked = Path(tempfile.mkdtemp(prefix=f"new-{PREFIX}"))
    unlocked.chmod(0o711)  # as root, the database's own user must pass through
    lock = os.open(unlocked / _OWNER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder = unlocked.with_name(unlocked.name.removeprefix("new-"))
    return unlocked.rename(folder), lock


def remove_session_folder(folder: Path) -> None:
    """Stop every program and server of the run that still lives, then remove everything."""
    for command in end_programs_in(folder):
        sys.stderr.write(f"a test left this behind: {command}\n")
    for data in list(folder.rglob("postgres/data")):
        remove_home(home_configuration(data.parent.parent))
    shutil.rmtree(folder)


def home_configuration(home: Path) -> Configuration:
    """An installation with the embedded database in this folder."""
    return load_configuration(
        {"KAQUAN_HOME": str(home), "KAQUAN_POSTGRES_MEMORY_MB": POSTGRES_MEMORY_MB}
    )


def remove_home(configuration: Configuration) -> None:
    """Stop the server of an installation and remove its files."""
    server = EmbeddedServer(configuration)
    server.stop()
    if not server.layout.socket_folder.is_relative_to(server.layout.home):
        shutil.rmtree(server.layout.socket_folder)
    shutil.rmtree(configuration.home)


def copy_home(source: Path, target: Path) -> Configuration:
    """A copy of an installation at rest, with the owners of its files and what pages need."""
    programs = source / "postgres" / "programs"
    (target / "postgres").mkdir(parents=True, exist_ok=True)
    for folder in (target, target / "postgres"):
        folder.chmod(0o711)
    copied = [path for path in source.glob("postgres/*") if path != programs]
    subprocess.run(["cp", "-a", *copied, target / "postgres"], check=True)
    subprocess.run(["cp", "-a", source / "keys.json", source / "static", target], check=True)
    if programs.exists():
        (target / "postgres" / "programs").symlink_to(programs)
    return home_configuration(target)


def _remove_if_abandoned(lock_file: Path) -> None:
    with open_lock_file(lock_file) as lock:
        if try_lock(lock, fcntl.LOCK_EX):
            remove_session_folder(lock_file.parent)
