"""Fetch the vendored files anew: ``python -m tools.vendor`` (needs npm; nobody else does)."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "src/kaquan/surfaces/web/static/web/vendor"
WALLET = ROOT / "src/kaquan/surfaces/wallet/static/wallet/vendor"
COUNTER = ROOT / "src/kaquan/surfaces/counter/static/counter/vendor"
SUMS = "SHA256SUMS"


class Package(NamedTuple):
    """What is taken from one npm package; its LICENSE stands in the folder and stays there."""

    folder: str
    name: str
    version: str
    files: tuple[str, ...]
    root: Path = FOLDER


PACKAGES = (
    Package("echarts", "echarts", "6.1.0", ("dist/echarts.min.js",)),
    Package("htmx", "htmx.org", "4.0.1", ("dist/htmx.min.js",)),
    Package("tabler", "@tabler/core", "1.6.1", ("dist/css/tabler.min.css",)),
    Package("qrcode-generator", "qrcode-generator", "2.0.4", ("dist/qrcode.js",), WALLET),
    Package("barcode-detector", "barcode-detector", "3.2.2", ("dist/iife/ponyfill.js",), COUNTER),
    Package("zxing-wasm", "zxing-wasm", "3.1.3", ("dist/reader/zxing_reader.wasm",), COUNTER),
)


def sums(folder: Path) -> str:
    """The SHA-256 of every file in the folder, as ``sha256sum -c`` reads it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in paths
    )


def _fetch(package: Package) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed to fetch vendored files")
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(
            [npm, "pack", "--silent", f"{package.name}@{package.version}"],
            cwd=temporary,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(temporary).glob("*.tgz")
        with tarfile.open(archive) as members:
            for name in package.files:
                member = members.extractfile(f"package/{name}")
                assert member is not None, name
                target = package.root / package.folder / Path(name).name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_without_source_map(member.read()))
    version = package.root / package.folder / "VERSION"
    version.write_text(f"{package.name} {package.version}\n", encoding="utf-8")


def _without_source_map(content: bytes) -> bytes:
    # collectstatic refuses a file that names another one which is not there.
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if b"# sourceMappingURL=" not in line)


def main() -> int:
    for package in PACKAGES:
        _fetch(package)
        sys.stdout.write(f"{package.name} {package.version}\n")
    for root in {package.root for package in PACKAGES}:
        (root / SUMS).write_text(sums(root), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
