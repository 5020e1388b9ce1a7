"""``--remote``: how it ends when the server refuses, is away, or nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from kaquan.surfaces.cli.main import main
from kaquan_client import Client
from tests.client.scripted import Drop, Reply, Script, answer, problem, scripted_server

API_KEY = "kq_test_0a1b2c3d_c2VjcmV0LW9mLXRlc3Rz"
CODE = "N6W5-7X4V-0Q2M-8T3K-H1RA"
VOUCHER = {
    "serial": 17,
    "batch_id": 3,
    "state": "used",
    "discount_fen": 2_000,
    "allocation": [2_000],
    "balance_used_fen": 0,
    "uses_used": 0,
    "balance_fen": 0,
    "uses_left": 0,
    "valid_from": None,
    "valid_until": "2026-12-31T16:00:00Z",
}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """A server that does what the test says, and a key for it."""
    monkeypatch.setenv("KAQUAN_API_KEY", API_KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert Client.__init__.__kwdefaults__ is not None
    monkeypatch.setitem(Client.__init__.__kwdefaults__, "sleep", lambda _s: None)
    with scripted_server() as running:
        yield running


@pytest.fixture
def run(script: Script, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``kaquan … --remote``; gives the exit code and what was printed."""

    def run(*arguments: str, url: str = script.url) -> tuple[int, str, str]:
        exit_code = main([*arguments, "--remote", url])
        printed = capsys.readouterr()
        assert API_KEY not in printed.out + printed.err
        return exit_code, printed.out, printed.err

    return run


def redeem(run: Run, *more: str, url: str | None = None) -> tuple[int, str, str]:
    """The command that most tests run."""
    arguments = ("redeem", CODE, "--store", "S001", "--amount", "128", *more)
    return run(*arguments) if url is None else run(*arguments, url=url)


def test_a_refusal_of_the_ledger_is_told_as_if_it_were_here(run: Run, script: Script) -> None:
    script.will(problem(409, "order_below_minimum"))

    exit_code, out, _ = redeem(run)

    assert exit_code == 1
    assert "ORDER_BELOW_MINIMUM" in out
    assert "¥8.00" in out


@pytest.mark.parametrize(
    ("reply", "exit_code"),
    [
        (problem(404, "organisation_unknown"), 1),
        (problem(401, "unauthenticated"), 77),
        (problem(403, "permission_denied"), 77),
        (problem(429, "rate_limited", retry_after="3600"), 69),
    ],
)
def test_other_refusals_say_why_and_end_as_they_would_here(
    run: Run, script: Script, reply: Reply, exit_code: int
) -> None:
    script.will(reply)

    ended, out, err = redeem(run)

    assert ended == exit_code
    assert "整句说明" in err
    assert out == ""


def test_an_unknown_outcome_names_the_key_that_makes_a_second_try_safe(
    run: Run, script: Script
) -> None:
    script.will(*[Drop()] * 5, answer({"code": "done", "redemption": "R6001007", "vouchers": []}))
    exit_code, _, err = redeem(run)
    (key,) = set(script.keys)
    assert exit_code == 69
    assert f"--request-key {key}" in err

    exit_code, _, _ = redeem(run, "--request-key", str(key))

    assert exit_code == 0
    assert set(script.keys) == {key}


def test_nobody_there_is_told_and_nothing_was_changed(run: Run) -> None:
    exit_code, _, err = redeem(run, url="http://127.0.0.1:1")

    assert exit_code == 69
    assert "nothing was changed" in err


@pytest.mark.parametrize(
    "more",
    [["--as", "clerk:17"], ["--request-key", "订单 1"]],
)
def test_what_makes_no_sense_from_afar_is_refused_before_anything_is_sent(
    run: Run, script: Script, more: list[str]
) -> None:
    exit_code, _, _ = redeem(run, *more)

    assert exit_code == 2
    assert script.asked == []


def test_a_code_with_its_order_is_no_name_for_a_redemption_elsewhere(
    run: Run, script: Script
) -> None:
    exit_code, _, err = run("reverse", CODE, "--order", "A1")

    assert exit_code == 2
    assert "R…" in err
    assert script.asked == []


def test_a_url_that_would_show_the_key_is_refused(run: Run) -> None:
    exit_code, _, err = redeem(run, url="http://kaquan.example")

    assert exit_code == 2
    assert "https" in err


def test_without_a_key_it_says_where_to_put_one(
    run: Run, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAQUAN_API_KEY")

    exit_code, _, err = redeem(run)

    assert exit_code == 2
    assert "KAQUAN_API_KEY" in err
    assert script.asked == []


def test_a_reversal_of_order_lines_is_sent_as_such(run: Run, script: Script) -> None:
    script.will(
        answer({"code": "done", "reversal": "V400100A", "vouchers": [VOUCHER], "returned_fen": 1})
    )

    exit_code, out, _ = run("reverse", "R200100A", "--line", "2:1", "--reason", "退货", "--json")

    assert exit_code == 0
    assert json.loads(out)["reversal"] == "V400100A"
    assert script.asked[0].path == "/api/v1/redemptions/R200100A/reversals"
    assert script.asked[0].json == {"lines": [{"line_id": "2", "quantity": 1}], "reason": "退货"}
