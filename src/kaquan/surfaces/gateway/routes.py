"""Which request each address takes, who may make it, and who answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import msgspec

from kaquan.redemption.actions import ISSUE, REDEEM, REVERSE
from kaquan.redemption.care import CARE
from kaquan.redemption.queries import TRACE
from kaquan.surfaces.gateway import messages as m
from kaquan.surfaces.gateway.calls import BODY_BYTES_MAX, BODY_BYTES_MAX_BATCH, Call

BASE: Final = "/api/v1/"
WALLET_CLAIM: Final = "wallet.claim"
WALLET_VIEW: Final = "wallet.view"

Handle = Callable[[Call, Any], Awaitable[bytes]]


class Route(NamedTuple):
    """A request: its address after ``BASE`` (``{}`` stands for a number), the permissions of which
    its caller needs one, and whether it changes something and so needs a request key, which its
    body may hold as ``request_no``. ``listed``: the management API lists what was booked there."""

    path: str
    name: str
    message: type[m.Message]
    permissions: frozenset[str]
    keyed: bool = True
    request_no: str = ""
    listed: bool = False
    body_bytes_max: int = BODY_BYTES_MAX

    @property
    def methods(self) -> str:
        """All that the address takes, from us and from the management API."""
        return "GET, POST" if self.listed else "POST"

    @property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Reads its body."""
        return _DECODERS[self.name]


ROUTES: Final = (
    Route(
        "validations", "validate", m.ValidationRequest, frozenset({REDEEM}), keyed=False
    ),
    Route(
        "redemptions", "redeem", m.RedemptionRequest, frozenset({REDEEM}),
        request_no="use_request_no", listed=True,
    ),
    Route(
        "redemptions/{}/reversals", "reverse", m.ReversalRequest, frozenset({REVERSE}),
        request_no="return_request_no",
    ),
    Route("holds", "hold", m.HoldRequest, frozenset({REDEEM})),
    Route(
        "holds/{}/redeem", "settle", m.SettleRequest, frozenset({REDEEM}),
        request_no="use_request_no",
    ),
    Route("holds/{}/release", "release", m.ReleaseRequest, frozenset({REDEEM})),
    Route(
        "claims", "claim", m.ClaimRequest, frozenset({ISSUE, WALLET_CLAIM}),
        request_no="out_request_no",
    ),
    Route(
        "lookups", "look_up", m.LookupRequest, frozenset({TRACE, REDEEM, ISSUE, WALLET_VIEW}),
        keyed=False,
    ),
    Route(
        "commands", "command", m.CommandsRequest, frozenset({REDEEM, REVERSE, ISSUE, CARE}),
        body_bytes_max=BODY_BYTES_MAX_BATCH,
    ),
)  # fmt: skip
_DECODERS: Final = {route.name: msgspec.json.Decoder(route.message) for route in ROUTES}
_FIXED: Final = {BASE + route.path: route for route in ROUTES if "{}" not in route.path}
_NUMBERED: Final = {
    tuple(route.path.split("/{}/")): route for route in ROUTES if "{}" in route.path
}
PREFIXES: Final = frozenset(route.path.split("/", 1)[0] for route in ROUTES)

#: What a key that everyone can read may ask, and so pages of other sites from within a browser.
PUBLIC: Final = frozenset(
    route.name for route in ROUTES if route.permissions & {WALLET_CLAIM, WALLET_VIEW}
)
_LISTED: Final = frozenset(route.path for route in ROUTES if route.listed)
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def find_route(path: str) -> tuple[Route, str] | None:
    """The route of an address, and the number in it."""
    route = _FIXED.get(path)
    if route is not None:
        return route, ""
    parts = path.removeprefix(BASE).split("/")
    if len(parts) == 3 and path.startswith(BASE):
        route = _NUMBERED.get((parts[0], parts[2]))
        if route is not None:
            return route, parts[1]
    return None


def is_hot(method: str, path: str) -> bool:
    """Whether the gateway answers this request, and not Django."""
    route = _FIXED.get(path)
    if route is not None:
        return method == "POST" or not (route.listed and method in ("GET", "HEAD"))
    if not path.startswith(BASE):
        return False
    first = path[len(BASE) :].split("/", 1)[0]
    if first == "problems":
        return True
    if first not in PREFIXES:
        return False
    return first not in _LISTED or find_route(path) is not None
