"""Print runs: each voucher is printed once, and the files are what was ordered."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from typing import Any

import msoffcrypto
import pytest
import pyzipper
from PIL import Image
from python_calamine import CalamineWorkbook

from kaquan.campaigns.actions import add_batch, create_campaign
from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.codes import format_code
from kaquan.engine.signed import SignedVoucher
from kaquan.foundation import keys
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError
from kaquan.foundation.jobs import exports
from kaquan.foundation.jobs.actions import begin
from kaquan.foundation.jobs.models import Job
from kaquan.ledger.door import Door
from kaquan.ledger.known_keys import know_keys
from kaquan.offline.signing_keys import replace_signing_key, revoke_signing_key
from kaquan.printing.faces import face_by_id, preview_of, save_face
from kaquan.printing.layouts import Layout
from kaquan.printing.merkle import leaf_of, root_of
from kaquan.printing.models import PrintFace, PrintRun
from kaquan.printing.run_jobs import make_run, vouchers_of
from kaquan.printing.runs import make_again, order_run, run_by_id
from kaquan.redemption.codes import read_code
from kaquan.redemption.signed_keys import read_signed_code
from tests.builders.issuer import (
    NOON,
    SYSTEM,
    TERMS,
    a_number,
    a_version,
    an_organisation,
    staff_of,
)
from tests.fixtures_database import Database
from tests.printing.sheets_read import pages_of, symbols_on, text_of


@pytest.fixture
def batch(door: Door) -> CampaignBatch:
    return a_batch()


def a_batch(**terms: Any) -> CampaignBatch:
    campaign = create_campaign(
        actor=SYSTEM, code=a_number("camp-"), name="国庆", kind="促活",
        starts_at=NOON, ends_at=NOON.replace(year=2098),
    )  # fmt: skip
    return add_batch(
        actor=SYSTEM, campaign_id=campaign.id, name="纸券", version_id=a_version(TERMS | terms).id,
        quantity=25, by_code=True, at=NOON,
    )  # fmt: skip


def a_face(actor: Actor = SYSTEM, **layout: Any) -> int:
    return save_face(actor=actor, name="十联券", layout=Layout(title="满减券", **layout)).id


def order(batch: CampaignBatch, quantity: int, actor: Actor = SYSTEM, **more: Any) -> PrintRun:
    face_id = more.pop("face_id", None) or a_face()
    asked = {"actor": actor, "batch_id": batch.id, "face_id": face_id, "quantity": quantity}
    return order_run(**asked, **more).run


def made(run: PrintRun) -> dict[str, bytes]:
    """The files of a run, by name."""
    assert run.job_id is not None
    job = begin(run.job_id)
    assert job is not None
    make_run(job)
    with (
        exports.open_result(Job.objects.get(id=job.id)) as file,
        zipfile.ZipFile(file) as archive,
    ):
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_run_gives_sheets_and_a_note_that_stand_for_its_vouchers(batch: CampaignBatch) -> None:
    run = order(batch, 12)
    files = made(run)
    run.refresh_from_db()
    vouchers = list(vouchers_of(run))

    sheets = files[f"print-run-{run.id}-sheets-001.pdf"]
    read = {text for page in pages_of(sheets) for kind, text in symbols_on(page)}
    assert read == {one.code for one in vouchers}
    assert run.merkle_root == root_of([leaf_of(one.serial, one.code) for one in vouchers]).hex()
    note = text_of(files[f"print-run-{run.id}-delivery-note.pdf"]).replace("\r\n", "")
    assert run.merkle_root in note
    assert hashlib.sha256(sheets).hexdigest() in note
    assert run.files[0][2] == hashlib.sha256(sheets).hexdigest()


def test_no_serial_is_in_two_runs_and_what_is_left_is_told(batch: CampaignBatch) -> None:
    face_id = a_face()
    first, second = order(batch, 12, face_id=face_id), order(batch, 10, face_id=face_id)
    serials = [one.serial for run in (first, second) for one in vouchers_of(run)]
    assert len(set(serials)) == 22

    with pytest.raises(KaquanError) as refused:
        order(batch, 4, face_id=face_id)
    assert refused.value.code == "print_not_enough"
    assert "3" in refused.value.zh
    assert PrintRun.objects.filter(batch=batch).count() == 2


def test_the_same_run_made_again_has_the_same_bytes(batch: CampaignBatch) -> None:
    run = order(batch, 5)
    files = made(run)
    assert made(make_again(actor=SYSTEM, run_id=run.id)) == files


def test_the_printers_list_opens_with_the_password_alone(batch: CampaignBatch) -> None:
    ordered = order_run(
        actor=SYSTEM, batch_id=batch.id, face_id=a_face(), quantity=3, with_list=True
    )
    files, listed = made(ordered.run), f"print-run-{ordered.run.id}-codes"
    sealed, zipped = files[f"{listed}.xlsx"], files[f"{listed}-csv.zip"]
    vouchers = list(vouchers_of(ordered.run))
    rows = [[f"{one.serial:012d}", format_code(one.code)] for one in vouchers]
    assert not any(one[1].encode() in sealed + zipped for one in rows)
    assert ordered.password is not None
    assert ordered.password.encode() not in bytes(ordered.run.password)

    wrong = msoffcrypto.OfficeFile(io.BytesIO(sealed))
    wrong.load_key(password="0" * 20)
    with pytest.raises(msoffcrypto.exceptions.InvalidKeyError):
        wrong.decrypt(io.BytesIO(), verify_integrity=True)
    assert rows_of(sealed, ordered.password)[1:] == rows
    with pyzipper.AESZipFile(io.BytesIO(zipped)) as archive:
        with pytest.raises(RuntimeError, match="password"):
            archive.read(f"{listed}.csv", pwd=b"0" * 20)
        read = archive.read(f"{listed}.csv", pwd=ordered.password.encode()).decode()
        assert archive.getinfo(f"{listed}.csv").wz_aes_strength == 3  # 256 bits
    assert list(csv.reader(io.StringIO(read))) == [["serial", "code"], *rows]


def rows_of(sealed: bytes, password: str) -> list[list[Any]]:
    """What stands in a printer's list."""
    file, plain = msoffcrypto.OfficeFile(io.BytesIO(sealed)), io.BytesIO()
    file.load_key(password=password)
    file.decrypt(plain)
    plain.seek(0)
    return CalamineWorkbook.from_filelike(plain).get_sheet_by_index(0).to_python()


def test_a_signed_run_holds_what_tills_check_alone_and_repeats_until_its_key_is_revoked(
    door: Door, database: Database
) -> None:
    batch, face_id = a_batch(offline_use=True), a_face(signed=True, symbols="qr")
    ordered = order_run(
        actor=SYSTEM, batch_id=batch.id, face_id=face_id, quantity=3, with_list=True
    )
    files, run = made(ordered.run), ordered.run
    sheets = files[f"print-run-{run.id}-sheets-001.pdf"]
    (page,) = pages_of(sheets)
    read = [text for (_kind, text), _times in sorted(symbols_on(page).items())]

    said = [read_signed_code(one) for one in read]
    assert all(isinstance(one, SignedVoucher) for one in said)
    vouchers = list(vouchers_of(run))
    assert sorted(one.serial for one in said if isinstance(one, SignedVoucher)) == [
        one.serial for one in vouchers
    ]
    assert {read_code(one) for one in read} == {one.serial for one in vouchers}
    assert format_code(vouchers[0].code) in text_of(sheets)
    assert ordered.password is not None
    listed = rows_of(files[f"print-run-{run.id}-codes.xlsx"], ordered.password)
    assert listed[0][2] == "signed_code"
    assert sorted(row[2] for row in listed[1:]) == read

    replace_signing_key(actor=SYSTEM)
    again = made(make_again(actor=SYSTEM, run_id=run.id))
    assert again[f"print-run-{run.id}-sheets-001.pdf"] == sheets
    assert run.signed is not None
    revoke_signing_key(actor=SYSTEM, key_id=run.signed["key_id"], at=NOON)
    before = PrintRun.objects.get(id=run.id).job_id
    with pytest.raises(KaquanError) as refused:
        make_again(actor=SYSTEM, run_id=run.id)
    assert refused.value.code == "print_signing_key_revoked"
    assert PrintRun.objects.get(id=run.id).job_id == before
    know_keys(database.connect(), keys.load(current_configuration().key_file))


def test_terms_that_keep_a_batch_online_or_have_no_days_yet_print_no_signed_codes(
    batch: CampaignBatch,
) -> None:
    claimed = {"range": {"kind": "after_claim", "days": 30}}
    face_id = a_face(signed=True, symbols="qr")
    for one, code in (
        (batch, "batch_not_for_offline"),
        (a_batch(offline_use=True, validity=claimed), "batch_begins_with_claim"),
    ):
        with pytest.raises(KaquanError) as refused:
            order(one, 1, face_id=face_id)
        assert refused.value.code == code
    assert not PrintRun.objects.exists()


def test_a_run_is_of_ones_own_part(batch: CampaignBatch) -> None:
    run = order(batch, 2)
    stranger = staff_of(an_organisation("别处", None))
    for refused in (
        lambda: run_by_id(stranger, run.id),
        lambda: order(batch, 1, actor=stranger, face_id=a_face(stranger)),
    ):
        with pytest.raises(KaquanError, match=r"没有"):
            refused()
    assert PrintRun.objects.filter(batch=batch).count() == 1


@pytest.mark.parametrize(
    ("layout", "code"),
    [
        ({"per_page": 7}, "print_layout_invalid"),
        ({"per_page": 24}, "print_layout_invalid"),
        ({"paper": "card", "per_page": 2}, "print_layout_invalid"),
        ({"scratch": True}, "print_layout_invalid"),
        ({"brand": "𠮷野家"}, "print_glyphs_missing"),
    ],
)
def test_what_cannot_be_printed_is_refused_when_it_is_drawn(
    layout: dict[str, Any], code: str, door: Door
) -> None:
    with pytest.raises(KaquanError) as refused:
        a_face(**layout)
    assert refused.value.code == code


def a_picture(kind: str, width: int = 40, height: int = 20, **more: Any) -> bytes:
    made = io.BytesIO()
    Image.new("L", (width, height), 90).save(made, kind, **more)
    return made.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_of_a_picture_nothing_but_the_picture_is_kept_and_shown(kind: str, door: Door) -> None:
    about = Image.Exif()
    about[0x010E] = "shot by Li Lei"
    about[0x0112] = 6  # lies on its side
    image = a_picture(kind, exif=about) + b"PK\x03\x04 and an archive"

    def kept() -> bytes:
        layout = Layout(title="券", two_sided=True)
        face = save_face(actor=SYSTEM, name="图", layout=layout, image=image)
        seen = Image.open(io.BytesIO(preview_of(SYSTEM, face.id)))
        assert seen.height > 2 * seen.width * 297 // 210  # front and back
        return bytes(face_by_id(SYSTEM, face.id).image)

    found = kept()
    drawn = Image.open(io.BytesIO(found))
    assert (drawn.format, drawn.size, drawn.getpixel((5, 5))) == (kind, (20, 40), 90)
    assert not drawn.getexif()
    assert b"Li Lei" not in found
    assert b"PK" not in found
    assert kept() == found


def test_a_picture_that_is_none_is_refused(door: Door) -> None:
    for image in (
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 99,
        b"\xff\xd8\xff" + b"x" * 2_000_000,
        a_picture("PNG")[:50],
        a_picture("PNG", 8_000, 8_000),  # few bytes that swell
        a_picture("JPEG", 8_000, 8_000),
    ):
        with pytest.raises(KaquanError) as refused:
            save_face(actor=SYSTEM, name="图", layout=Layout(title="券"), image=image)
        assert refused.value.code == "print_image_invalid"
    assert not PrintFace.objects.exists()
