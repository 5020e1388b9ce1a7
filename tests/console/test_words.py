"""One word has one translation, whichever surface says it: Django merges all catalogues."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import kaquan
from kaquan.engine.entries import OPERATIONS as BOOKED
from kaquan.engine.lifecycle import LIFECYCLE, State
from kaquan.surfaces.console.screens.change_words import deed
from kaquan.surfaces.console.words import OPERATIONS, VOUCHER_STATES
from tools.translations.__main__ import CATALOGUES
from tools.translations.catalogue import read_po

KEEPS = re.compile(r"_?(keep|note|record)")
VERB = re.compile(r"[a-z_]+\.[a-z_]+")


def test_the_same_text_is_translated_alike_everywhere() -> None:
    known: dict[str, str] = {}
    differing = []
    for path in CATALOGUES:
        for text, done in read_po(path).items():
            if text and known.setdefault(text, done) != done:
                differing.append((text, known[text], done))

    assert differing == []


def test_whatever_can_happen_to_a_voucher_has_a_word() -> None:
    assert set(VOUCHER_STATES) == set(State)
    assert set(OPERATIONS) == {name for cells in LIFECYCLE.values() for name in cells} | {"release"}
    assert set(OPERATIONS) <= set(BOOKED)


def _verbs() -> Iterator[str]:
    """What the capabilities write into the change log."""
    for path in Path(kaquan.__file__).parent.rglob("*.py"):
        if "surfaces" in path.parts:
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and KEEPS.match(ast.unparse(call.func).split(".")[-1]):
                given = [*call.args, *(one.value for one in call.keywords if one.arg == "verb")]
                texts = [one.value for one in given if isinstance(one, ast.Constant)]
                yield from (one for one in texts if isinstance(one, str) and VERB.fullmatch(one))


def test_every_deed_of_the_change_log_has_a_word() -> None:
    verbs = set(_verbs())

    assert {"stores.update", "staff.grant", "campaigns.submit"} <= verbs
    assert {verb for verb in verbs if str(deed(verb)) == verb} == set()
