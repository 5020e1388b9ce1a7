"""A file of codes never fills the disk on which the books may stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaquan.foundation.errors import KaquanError
from kaquan.redemption import code_files
from tests.api.world import Side
from tests.builders.issuer import SYSTEM, an_organisation
from tests.fixtures_database import Database


def test_a_file_that_would_fill_the_disk_is_refused_before_its_first_code(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = Side(an_organisation("总部", None)).trade.by_code
    path = tmp_path / "codes.csv"

    with monkeypatch.context() as full:
        full.setattr(code_files, "FREE_BYTES_MIN", 1 << 62)
        with pytest.raises(KaquanError) as refused:
            code_files.export_codes(actor=SYSTEM, batch_id=batch.id, path=path)

    assert refused.value.code == "disk_too_full"
    assert list(tmp_path.iterdir()) == []
    count = code_files.export_codes(actor=SYSTEM, batch_id=batch.id, path=path)
    # The estimate that was refused is never below what is written.
    assert path.stat().st_size <= (count + 1) * code_files._ROW_BYTES
