"""A certificate of our own where Apple's would be, and a check of signatures by openssl."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from kaquan.foundation import clock
from kaquan.wallet.outside import ApplePass


def an_account(folder: Path) -> ApplePass:
    """A self-signed certificate that is its own chain."""
    key = rsa.generate_private_key(65_537, 2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pass Type ID: pass.test")])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "certificate.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    os.chmod(folder / "key.pem", 0o600)
    return ApplePass(
        pass_type_id="pass.test",
        team_id="TEAM",
        organisation_name="卡券",
        certificate_file=str(folder / "certificate.pem"),
        key_file=str(folder / "key.pem"),
        chain_file=str(folder / "certificate.pem"),
    )


def verified(folder: Path, manifest: bytes, signature: bytes) -> bool:
    """Whether openssl takes the signature over the manifest."""
    (folder / "manifest").write_bytes(manifest)
    (folder / "signature").write_bytes(signature)
    done = subprocess.run(
        [
            "openssl", "smime", "-verify", "-binary", "-inform", "DER", "-noverify",
            "-in", folder / "signature", "-content", folder / "manifest",
        ],
        capture_output=True,
        check=False,
    )  # fmt: skip
    return done.returncode == 0
