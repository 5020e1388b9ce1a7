"""The house rules find what they promise to find, in their own samples and nowhere else."""

from __future__ import annotations

import pytest

from tools.lints.__main__ import ROOT, RULES, gather, lint
from tools.lints.rule import Rule, Sample
from tools.lints.source import Source


def samples(kind: str) -> list[object]:
    return [
        pytest.param(rule, sample, id=f"{rule.name}-{number}")
        for rule in RULES
        for number, sample in enumerate(getattr(rule, kind))
    ]


def sources(sample: Sample) -> list[Source]:
    return [Source(path, text) for path, text in sample.items()]


@pytest.mark.parametrize(("rule", "sample"), samples("good"))
def test_a_good_sample_passes(rule: type[Rule], sample: Sample) -> None:
    assert lint(sources(sample), [rule]) == []


@pytest.mark.parametrize(("rule", "sample"), samples("bad"))
def test_a_bad_sample_is_found(rule: type[Rule], sample: Sample) -> None:
    findings = lint(sources(sample), [rule])

    assert {finding.rule for finding in findings} == {rule.name}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_tells_the_danger_that_it_prevents(rule: type[Rule]) -> None:
    assert rule.__doc__
    assert rule.good
    assert rule.bad


CLOCK = "from datetime import UTC, datetime\n"


@pytest.mark.parametrize(
    "text",
    [
        "at = datetime.now(UTC)  # kaquan-allow: naive-now because this names a result file\n",
        "# kaquan-allow: naive-now because this names a result file\nat = datetime.now(UTC)\n",
        "at = datetime.now(  # kaquan-allow: naive-now because this names a file\n    UTC\n)\n",
    ],
)
def test_an_excuse_with_a_reason_lifts_its_rule(text: str) -> None:
    assert lint([Source("src/kaquan/a.py", CLOCK + text)]) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("datetime.now(UTC)  # kaquan-allow: naive-now\n", ["excuse", "naive-now"]),
        ("datetime.now(UTC)  # kaquan-allow: naive-now because\n", ["excuse", "naive-now"]),
        ("datetime.now(UTC)  # kaquan-allow: names because why not\n", ["excuse", "naive-now"]),
        ("a = 1  # kaquan-allow: naive-now because it once was\n", ["excuse"]),
        ("a = '# kaquan-allow: naive-now because text is no comment'\n", []),
        (
            "a = 1  # kaquan-allow: naive-now because above, but not alone\ndatetime.now(UTC)\n",
            ["excuse", "naive-now"],
        ),
    ],
)
def test_a_wrong_or_useless_excuse_is_itself_a_finding(text: str, expected: list[str]) -> None:
    findings = lint([Source("src/kaquan/a.py", CLOCK + text)])

    assert sorted(finding.rule for finding in findings) == expected


def test_an_excuse_works_in_sql_too() -> None:
    text = "-- hot: a\n-- kaquan-allow: router-sql because one row\nselect 1 from ledger_a;\n"

    assert lint([Source("src/kaquan/ledger/sql/a.sql", text)]) == []


def test_a_file_that_is_no_python_is_named_and_the_others_are_still_read() -> None:
    findings = lint(
        [Source("src/kaquan/a.py", "def (\n"), Source("src/kaquan/engine/b.py", "import time\n")]
    )

    assert [(finding.path, finding.rule) for finding in findings] == [
        ("src/kaquan/a.py", "syntax"),
        ("src/kaquan/engine/b.py", "engine-clock-random"),
    ]


def test_a_finding_says_where_which_rule_and_what_to_do() -> None:
    (finding,) = lint([Source("src/kaquan/engine/a.py", "\nimport time\n")])

    assert str(finding).startswith("src/kaquan/engine/a.py:2: engine-clock-random: time: ")


def test_the_repository_itself_is_read() -> None:
    paths = {source.path for source in gather(ROOT)}

    assert {"dev", "tools/lints/__main__.py", "tests/house/test_lints.py"} <= paths
