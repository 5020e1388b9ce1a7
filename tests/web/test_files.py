"""What pages are made of: other people's files unchanged, every word translated and compiled."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from kaquan.surfaces.web.chart import axis_step, bar_chart
from tools.translations.__main__ import CATALOGUES, po_text, wanted
from tools.translations.catalogue import messages, mo_bytes, read_po
from tools.vendor.__main__ import FOLDER, PACKAGES, SUMS, sums


def test_vendored_files_are_those_that_were_fetched() -> None:
    assert (FOLDER / SUMS).read_text(encoding="utf-8") == sums(FOLDER)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_vendored_package_says_its_version_and_licence(package: object) -> None:
    folder = package.root / package.folder  # type: ignore[attr-defined]

    assert package.version in (folder / "VERSION").read_text(encoding="utf-8")  # type: ignore[attr-defined]
    licence = " ".join((folder / "LICENSE").read_text(encoding="utf-8").split())
    assert licence.startswith(
        ("The MIT License (MIT)", "MIT License", "Zero-Clause BSD", "Apache License Version 2.0")
    )


@pytest.mark.parametrize("path", CATALOGUES)
def test_every_text_of_the_pages_is_translated_and_compiled(path: Path) -> None:
    catalogue = read_po(path)

    assert set(catalogue) == wanted(path) | {""}
    assert [text for text, done in catalogue.items() if not done] == []
    assert po_text(catalogue) == path.read_text(encoding="utf-8")
    assert path.with_suffix(".mo").read_bytes() == mo_bytes(catalogue)


@pytest.mark.parametrize("path", CATALOGUES)
def test_placeholders_survive_translation(path: Path) -> None:
    import re

    placeholder = re.compile(r"%\(\w+\)s")

    assert [
        text
        for text, done in read_po(path).items()
        if text and set(placeholder.findall(text)) != set(placeholder.findall(done))
    ] == []


def test_a_compiled_catalogue_is_one_that_gettext_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.mo"
    path.write_bytes(mo_bytes({"": "Content-Type: text/plain; charset=UTF-8\n", "Yes": "是"}))

    with path.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Yes") == "是"


def test_texts_are_found_in_templates_and_code(tmp_path: Path) -> None:
    template, code = tmp_path / "a.html", tmp_path / "a.py"
    template.write_text(
        "{% load i18n %}{% translate 'One' %}{% blocktranslate trimmed with n=1 %}\n"
        "  Two {{ n }}\n{% endblocktranslate %}",
        encoding="utf-8",
    )
    code.write_text("a = gettext_noop('Three')", encoding="utf-8")

    assert messages(template) == {"One", "Two %(n)s"}
    assert messages(code) == {"Three"}


@pytest.mark.parametrize(
    ("highest", "step"), [(0, 1), (4, 1), (5, 2), (20, 5), (21, 10), (399, 100), (401, 200)]
)
def test_an_axis_has_round_numbers_up_to_the_highest_bar(highest: int, step: int) -> None:
    assert axis_step(highest) == step


def test_one_voucher_among_a_million_is_still_drawn() -> None:
    from datetime import date

    chart = bar_chart([(date(2026, 1, 1), 1_000_000, 1)])

    assert chart.days[0].redeemed.height == 1
    assert bar_chart([]).days == []
