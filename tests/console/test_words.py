"""One word has one translation, whichever surface says it: Django merges all catalogues."""

from __future__ import annotations

from kaquan.engine.entries import OPERATIONS as BOOKED
from kaquan.engine.lifecycle import LIFECYCLE, State
from kaquan.surfaces.console.words import OPERATIONS, VOUCHER_STATES
from tools.translations.__main__ import CATALOGUES
from tools.translations.catalogue import read_po


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
