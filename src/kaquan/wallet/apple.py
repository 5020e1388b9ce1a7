"""A voucher for Apple Wallet: a signed bundle (pass.json, manifest.json, PKCS#7 signature)."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from kaquan.foundation.private_files import read_private_file
from kaquan.wallet.outside import ApplePass

_ICON_SIZE = 58
_EPOCH = (1980, 1, 1, 0, 0, 0)


class PassText(NamedTuple):
    """What stands on it."""

    serial_number: str
    title: str
    code: str
    ends_at: datetime | None
    rules: Sequence[str]


def voucher_pass(account: ApplePass, text: PassText) -> bytes:
    """The bundle, as the phone opens it."""
    content = {
        "pass.json": json.dumps(_pass(account, text), ensure_ascii=False).encode(),
        "icon.png": _icon(),
        "icon@2x.png": _icon(),
    }
    # SHA-1 is what Apple's format asks for here; the signature over it is SHA-256.
    digests = {
        name: hashlib.sha1(data, usedforsecurity=False).hexdigest()
        for name, data in content.items()
    }
    content["manifest.json"] = json.dumps(digests).encode()
    content["signature"] = _signature(account, content["manifest.json"])
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
    return bundle.getvalue()


def _pass(account: ApplePass, text: PassText) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "primaryFields": [{"key": "offer", "label": "", "value": text.title}],
        "backFields": [{"key": "rules", "label": "使用规则", "value": "\n".join(text.rules)}],
    }
    found: dict[str, Any] = {
        "formatVersion": 1,
        "passTypeIdentifier": account.pass_type_id,
        "teamIdentifier": account.team_id,
        "organizationName": account.organisation_name,
        "serialNumber": text.serial_number,
        "description": text.title,
        "logoText": account.organisation_name,
        "coupon": fields,
        "barcodes": [
            {
                "format": "PKBarcodeFormatQR",
                "message": text.code,
                "messageEncoding": "iso-8859-1",
                "altText": text.code,
            }
        ],
    }
    if text.ends_at is not None:
        found["expirationDate"] = text.ends_at.isoformat(timespec="seconds")
        fields["secondaryFields"] = [
            {
                "key": "ends",
                "label": "有效期至",
                "value": found["expirationDate"],
                "dateStyle": "PKDateStyleMedium",
            }
        ]
    return found


def _signature(account: ApplePass, manifest: bytes) -> bytes:
    certificate = x509.load_pem_x509_certificate(Path(account.certificate_file).read_bytes())
    chain = x509.load_pem_x509_certificate(Path(account.chain_file).read_bytes())
    key = serialization.load_pem_private_key(read_private_file(Path(account.key_file)), None)
    return (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(manifest)
        .add_signer(certificate, key, hashes.SHA256())  # type: ignore[arg-type]  # RSA, as Apple issues
        .add_certificate(chain)
        .sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature])
    )


def _icon() -> bytes:
    """A plain square in the house's red."""
    row = b"\0" + b"\xc8\x10\x2e" * _ICON_SIZE
    head = struct.pack(">IIBBBBB", _ICON_SIZE, _ICON_SIZE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(row * _ICON_SIZE)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
