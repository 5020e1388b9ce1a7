"""``kaquan print``: a voucher's proof is made here and checked by anybody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.engine.codes import format_code
from kaquan.foundation.jobs.actions import cancel
from kaquan.ledger.door import Door
from kaquan.printing.faces import save_face
from kaquan.printing.layouts import Layout
from kaquan.printing.merkle import leaf_of, root_of
from kaquan.printing.models import PrintRun
from kaquan.printing.run_jobs import vouchers_of
from kaquan.printing.runs import order_run
from tests.builders.issuer import NOON, SYSTEM, a_number, a_version
from tests.cli.conftest import Kaquan, kaquan

__all__ = ["kaquan"]


@pytest.fixture
def run(door: Door) -> PrintRun:
    """Eleven vouchers on paper."""
    campaign = create_campaign(
        actor=SYSTEM, code=a_number("camp-"), name="国庆", kind="促活",
        starts_at=NOON, ends_at=NOON.replace(year=2098),
    )  # fmt: skip
    batch = add_batch(
        actor=SYSTEM, campaign_id=campaign.id, name="纸券", version_id=a_version().id,
        quantity=11, by_code=True, at=NOON,
    )  # fmt: skip
    face = save_face(actor=SYSTEM, name="十联券", layout=Layout(title="满减券"))
    run = order_run(actor=SYSTEM, batch_id=batch.id, face_id=face.id, quantity=11).run
    assert run.job_id is not None
    cancel(actor=SYSTEM, job_id=run.job_id)
    return run


def test_a_voucher_is_proven_by_its_code_and_the_notes_root_and_nothing_else_is(
    run: PrintRun, kaquan: Kaquan, tmp_path: Path
) -> None:
    vouchers = list(vouchers_of(run))
    one, other = vouchers[10], vouchers[3]
    root = root_of([leaf_of(one.serial, one.code) for one in vouchers]).hex()

    made = kaquan("print", "proof", run.id, one.serial)
    assert made.exit_code == 0
    assert len(made.json["beside"]) <= 4
    assert one.code not in made.out
    file = tmp_path / "proof.json"
    file.write_text(made.out, encoding="utf-8")

    check = ("print", "check", file)
    assert kaquan(*check, format_code(one.code).lower(), "--root", root).exit_code == 0
    assert kaquan(*check, other.code, "--root", root, "--json").json["proven"] is False
    assert kaquan(*check, one.code, "--root", "00" * 32).exit_code == 1
    assert kaquan(*check, one.code, "--root", "no root").exit_code == 1
    assert kaquan(*check, "券", "--root", root).exit_code == 1
    file.write_text(json.dumps({**made.json, "serial": other.serial}), encoding="utf-8")
    assert kaquan(*check, one.code, "--root", root).exit_code == 1


def test_what_is_no_proof_and_a_serial_of_another_run_are_told(
    run: PrintRun, kaquan: Kaquan, tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"
    for content in ("", "[]", '{"run": 1}', "\0"):
        file.write_text(content, encoding="utf-8")
        ended = kaquan("print", "check", file, "0" * 20, "--root", "00" * 32, "--json")
        assert ended.json["error"]["code"] == "print_proof_invalid"
    last = run.ranges[-1]
    ended = kaquan("print", "proof", run.id, last[0] + last[1])
    assert ended.exit_code == 1
    assert "不在印制单" in ended.err
