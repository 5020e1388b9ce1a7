"""The list of a run's codes for a printer who sets the type himself: XLSX under a password.

Excel and WPS open it. The encryption is that of Office files (ECMA-376, agile: AES-256-CBC with a
key drawn 100,000 times from the password).
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from typing import BinaryIO, Final

import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

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


def write_list(file: BinaryIO, vouchers: Sequence[Voucher], password: str) -> None:
    """Write serials and codes, sealed with a password; with their signed codes where they have
    any, for the QR code."""
    is_signed = any(one.signed_code for one in vouchers)
    plain = io.BytesIO()
    with xlsxwriter.Workbook(plain, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        heads = (*_HEADS, _SIGNED_HEAD) if is_signed else _HEADS
        for column, (head, width) in enumerate(zip(heads, _WIDTHS, strict=False)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, head)
        for row, one in enumerate(vouchers, 1):
            sheet.write_string(row, 0, f"{one.serial:0{SERIAL_DIGITS}d}")
            sheet.write_string(row, 1, format_code(one.code))
            if is_signed:
                sheet.write_string(row, 2, one.signed_code)
    plain.seek(0)
    OOXMLFile(plain).encrypt(password, file)
