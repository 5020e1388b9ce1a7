"""Bring the catalogues to what the sources say: ``python -m tools.translations``.

New texts are added to each .po file without a translation, texts that are gone are dropped, and
the .mo files are compiled. The tests refuse a catalogue that is not complete or not compiled.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.translations.catalogue import messages, mo_bytes, read_po

ROOT = Path(__file__).resolve().parents[2]
SURFACES = ROOT / "src/kaquan/surfaces"
CATALOGUES = tuple(sorted(SURFACES.glob("*/locale/*/LC_MESSAGES/django.po")))


def wanted(catalogue: Path) -> set[str]:
    """Every text of the surface that a catalogue belongs to."""
    surface = catalogue.parents[3]
    sources = [*surface.rglob("*.html"), *surface.rglob("*.py")]
    return set().union(*(messages(source) for source in sources))


def po_text(catalogue: dict[str, str]) -> str:
    """A catalogue as a .po file, its texts in alphabetical order."""
    parts = [
        f"msgid {_quoted(text)}\nmsgstr {_quoted(done)}\n"
        for text, done in sorted(catalogue.items())
    ]
    return "\n".join(parts)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def main() -> int:
    missing = 0
    for path in CATALOGUES:
        known = read_po(path)
        catalogue = {"": known[""]} | {text: known.get(text, "") for text in wanted(path)}
        path.write_text(po_text(catalogue), encoding="utf-8")
        path.with_suffix(".mo").write_bytes(mo_bytes(catalogue))
        untranslated = [text for text, done in catalogue.items() if not done]
        missing += len(untranslated)
        sys.stdout.write(f"{path.relative_to(ROOT)}: {len(catalogue)} / {len(untranslated)} open\n")
        sys.stdout.writelines(f"  {text}\n" for text in untranslated)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
