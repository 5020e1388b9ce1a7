"""Which JSON texts no request may be, however well they are formed."""

from __future__ import annotations

import pytest

from kaquan.surfaces.http.json_text import NAMED_TWICE, NUL, fault_of


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b' [{"b":{"a":[{"c":1,"d":2,"c":3}]}}]',
        b'{"a":{"a":1},"a":"\\u0000"}',
    ],
)
def test_a_name_may_stand_in_an_object_once(text: bytes) -> None:
    assert fault_of(text) == NAMED_TWICE


@pytest.mark.parametrize(
    "text",
    [b'{"a":"\\u0000"}', b'{"a\\u0000":1}', b'[["x\\u0000"]]', b'"\\u0000"', b'{"a":["\\u0000"]}'],
)
def test_no_text_may_hold_nul(text: bytes) -> None:
    assert fault_of(text) == NUL


@pytest.mark.parametrize(
    "text",
    [
        b'\n{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
        b'{"a":"\\\\u0000"}',
        b'{"a":1' + b"0" * 10_000 + b',"b":1.5e99,"c":null,"d":true}',
        b'"a"',
        b"1",
    ],
)
def test_what_is_well_formed_has_no_fault(text: bytes) -> None:
    assert fault_of(text) is None
