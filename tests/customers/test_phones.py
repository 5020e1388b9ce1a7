"""One form for a phone number, however people write it."""

import pytest

from kaquan.customers.phones import masked_name, masked_phone, read_phone
from kaquan.foundation.imports_cells import BadCellError


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 138 0013 8000",
        "0086-13800138000",
        "8613800138000",
        "１３８００１３８０００",
        "＋８６（138）0013-8000",
        13800138000,
    ],
)
def test_every_way_of_writing_a_mobile_number_means_the_same(written: object) -> None:
    assert read_phone(written) == "+8613800138000"


def test_a_number_from_abroad_keeps_its_country() -> None:
    assert read_phone("+44 20 7946 0958") == "+442079460958"


@pytest.mark.parametrize(
    "written",
    ["", "1380013800", "138001380000", "12800138000", "+86 28 1234 5678", "abc", "1.38001E+10",
     "138\x0000138000", "\ud800", "9" * 1_000, "+0123456789", "１３８" * 3],
)  # fmt: skip
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(BadCellError) as refused:
        read_phone(written)

    assert refused.value.reason.code == "not_a_phone"


def test_people_see_the_ends_of_a_number_only() -> None:
    assert masked_phone("+8613800138000") == "138****8000"
    assert masked_phone("+6591234567") == "+65****4567"
    assert masked_phone("+290123456") == "+29****"
    assert masked_name("欧阳娜娜") == "欧*"
