"""The list of a run's codes for a printer who sets the type himself, in two forms that one password
opens: XLSX for people, and CSV in a ZIP for the programs of a press.

Excel and WPS open the first; its encryption is that of Office files (ECMA-376, agile: AES-256-CBC
with a key drawn 100,000 times from the password). 7-Zip, WinRAR and Bandizip open the second, under
WinZip's AES-256 (AE-2). That draws its key only 1,000 times: it is the password's 100 random bits
that keep either shut.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from kaquan.engine.codes import format_code
from kaquan.engine.crockford import ALPHABET
from kaquan.printing.sheets import SERIAL_DIGITS, Voucher

PASSWORD_SYMBOLS: Final = 20
_HEADS = ("serial", "code")
_SIGNED_HEAD = "signed_code"
_WIDTHS = (16, 28, 150)


def new_password() -> str:
    """100 random bits, to be typed."""
    return "".join([secrets.choice(ALPHABET) for _ in range(PASSWORD_SYMBOLS)])


def write_workbook(file: BinaryIO, vouchers: Sequence[Voucher], password: str) -> None:
    """Write serials and codes as an Excel file, sealed with a password; with their signed codes
    where they have any, for the QR code."""
    import xlsxwriter  # noqa: PLC0415  # each process would load it, and few need it
    from msoffcrypto.format.ooxml import OOXMLFile  # noqa: PLC0415  # the same

    plain = io.BytesIO()
    with xlsxwriter.Workbook(plain, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for row, cells in enumerate(_rows_of(vouchers)):
            for column, cell in enumerate(cells):
                if not row:
                    sheet.set_column(column, column, _WIDTHS[column])
                sheet.write_string(row, column, cell)
    plain.seek(0)
    OOXMLFile(plain).encrypt(password, file)


def write_zipped_csv(file: BinaryIO, name: str, vouchers: Sequence[Voucher], password: str) -> None:
    """Write the same rows as a CSV of that name, in a ZIP that is sealed with a password."""
    import pyzipper  # noqa: PLC0415  # each process would load it, and few need it

    plain = io.StringIO(newline="")
    csv.writer(plain).writerows(_rows_of(vouchers))
    with pyzipper.AESZipFile(
        file, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(password.encode())
        archive.writestr(name, plain.getvalue())


def _rows_of(vouchers: Sequence[Voucher]) -> Iterator[tuple[str, ...]]:
    is_signed = any(one.signed_code for one in vouchers)
    yield (*_HEADS, _SIGNED_HEAD) if is_signed else _HEADS
    for one in vouchers:
        row = (f"{one.serial:0{SERIAL_DIGITS}d}", format_code(one.code))
        yield (*row, one.signed_code) if is_signed else row
