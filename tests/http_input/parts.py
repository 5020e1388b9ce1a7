"""A request of each part of the API, and what it must be told where something is wrong with it."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.http_input.listening import Heard


class Part(NamedTuple):
    """A request of one part of the API. The hot one is refused for its code alone, the other one
    would make an organisation."""

    path: str
    body: dict[str, Any]


NO_SUCH_CODE = "N6W5-0000-0000-0000-0000"
HOT = Part("/api/v1/redemptions", {"vouchers": [{"code": NO_SUCH_CODE}]})
REST = Part("/api/v1/organisations", {"kind": "region", "name": "华东"})


def refused(heard: Heard, *codes: str) -> None:
    """It is a problem document, and says one of these."""
    assert heard.code in codes, heard
