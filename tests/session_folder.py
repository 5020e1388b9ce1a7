"""One folder for a whole test run, and the end of what killed runs left behind.

It lies in memory where there is plenty: databases there are as durable against the death of any
process as on a disk, which is all that a test can bring about, and a commit waits 4 ms less.
"""

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
_IN_MEMORY = Path("/dev/shm")  # noqa: S108  # as a folder with a random name
# A run takes two or three; a log of four may come on top of that.
_ROOM_GB = 10


def create_session_folder() -> tuple[Path, int]:
    """A new folder, and the lock that says that its run is alive (released with the process)."""
    for place in {_IN_MEMORY, Path(tempfile.gettempdir())}:
        for lock_file in place.glob(f"{PREFIX}*/{_OWNER_LOCK}"):
            if lock_file.stat().st_uid == os.geteuid():
                _remove_if_abandoned(lock_file)
    # It gets its final name once it is locked: before, another run would take it for abandoned.
    place = _IN_MEMORY if _has_room_in_memory() else None
    unlocked = Path(tempfile.mkdtemp(prefix=f"new-{PREFIX}", dir=place))
    unlocked.chmod(0o711)  # as root, the database's own user must pass through
    lock = os.open(unlocked / _OWNER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder = unlocked.with_name(unlocked.name.removeprefix("new-"))
    return unlocked.rename(folder), lock


def _has_room_in_memory() -> bool:
    """Whether a run's folder fits there, beside the programs, and programs may be run from it."""
    if not sys.platform.startswith("linux") or not _IN_MEMORY.is_dir() or "TMPDIR" in os.environ:
        return False
    place = os.statvfs(_IN_MEMORY)
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    (available_kb,) = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    room_kb = min(place.f_bavail * place.f_frsize >> 10, available_kb)
    return room_kb > _ROOM_GB << 20 and not place.f_flag & os.ST_NOEXEC


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
