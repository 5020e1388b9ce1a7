"""What comes along is what it says it is, and settings that are wrong are told as such."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaquan.foundation.errors import KaquanError
from kaquan.surfaces import wallet
from kaquan.surfaces.wallet.words import in_traditional
from kaquan.wallet.outside import AliyunSms, load_outside
from tools.vendor.__main__ import SUMS, sums

VENDOR = Path(wallet.__path__[0]) / "static" / "wallet" / "vendor"


def test_vendored_files_are_those_whose_sums_are_kept() -> None:
    assert sums(VENDOR) == (VENDOR / SUMS).read_text(encoding="utf-8")
    assert (VENDOR / "qrcode-generator" / "LICENSE").exists()


def test_traditional_characters_come_from_the_table() -> None:
    assert in_traditional("领取优惠券，满100元减20元") == "領取優惠券，滿100元減20元"


def test_the_wallets_file_is_read_and_a_wrong_one_shows_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "wallet.json"
    sms = '{"provider": "aliyun", "key_id": "a", "key_secret": "hidden-1", "sign_name": "x",'
    path.write_text(f'{{"sms": {sms} "template": "y"}}}}', encoding="utf-8")
    path.chmod(0o600)
    assert isinstance(load_outside(path).sms, AliyunSms)
    path.write_text('{"sms": {"provider": "aliyun", "key_secret": "hidden-1"}}', encoding="utf-8")

    with pytest.raises(KaquanError) as refused:
        load_outside(path)
    assert refused.value.code == "wallet_file_invalid"
    assert "hidden-1" not in str(refused.value)
