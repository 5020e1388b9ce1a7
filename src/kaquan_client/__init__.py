"""The Python client of Kaquan's HTTP API: typed, and safe to retry.

    client = Client("https://kaquan.example", api_key)
    key = client.new_key()  # store it beside the order, then send
    done = client.redeem(["N6W5-…"], store="S001", order=Order("A1", amount_fen=12_800), key=key)

See docs/client.md. Imports nothing of the server.
"""

from kaquan_client.answers import (
    Claim,
    CommandOutcome,
    CommandOutcomes,
    Hold,
    Page,
    Problem,
    Redemption,
    Released,
    Reversal,
    VoucherAnswer,
)
from kaquan_client.async_client import AsyncClient
from kaquan_client.client import Client
from kaquan_client.commands import LineReturn, Order, OrderLine, VoucherUse
from kaquan_client.connecting import Timeouts
from kaquan_client.errors import ClientError, Refused, Unknown, Unreachable
from kaquan_client.events import Event, EventPage
from kaquan_client.requests import new_key
from kaquan_client.retrying import Patience
from kaquan_client.validations import BestSet, Chosen, LeftOut, Lookup, Offer, Validation

__all__ = [
    "AsyncClient",
    "BestSet",
    "Chosen",
    "Claim",
    "Client",
    "ClientError",
    "CommandOutcome",
    "CommandOutcomes",
    "Event",
    "EventPage",
    "Hold",
    "LeftOut",
    "LineReturn",
    "Lookup",
    "Offer",
    "Order",
    "OrderLine",
    "Page",
    "Patience",
    "Problem",
    "Redemption",
    "Refused",
    "Released",
    "Reversal",
    "Timeouts",
    "Unknown",
    "Unreachable",
    "Validation",
    "VoucherAnswer",
    "VoucherUse",
    "new_key",
]
