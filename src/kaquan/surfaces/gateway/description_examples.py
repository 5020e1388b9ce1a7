"""An example of each request of the hot lane and of its answer.

Names in braces stand for objects of whoever tries it: ``{code}`` a voucher's code, ``{store}``,
``{customer}``, ``{batch_id}`` (from stock), ``{redemption}`` and ``{hold}``.
"""

from __future__ import annotations

from typing import Any

_ORDER = {
    "order_no": "A20261127-001",
    "lines": [
        {"line_id": "1", "sku": "latte", "quantity": 2, "amount_fen": 6_000},
        {"line_id": "2", "sku": "cake", "quantity": 1, "amount_fen": 4_000},
    ],
}
_USE = {"vouchers": [{"code": "{code}"}], "store": "{store}", "order": _ORDER}
_VALID = {"valid_from": "2025-12-31T16:00:00Z", "valid_until": "2026-12-31T16:00:00Z"}
_USED = {
    "serial": 1_234,
    "batch_id": 7,
    "state": "used",
    "discount_fen": 2_000,
    "allocation": [1_200, 800],
    "balance_used_fen": 0,
    "uses_used": 1,
    "balance_fen": 0,
    "uses_left": 0,
    **_VALID,
}
_BACK = {
    **_USED, "state": "live", "discount_fen": -2_000, "allocation": [-1_200, -800],
    "uses_used": -1, "uses_left": 1,
}  # fmt: skip
_HELD = {**_USED, "state": "live"}
_HANDED_OUT = {
    "code": "N6W5-3K7Q-9D2M-0XJT-4RVH",
    "serial": 1_234,
    "batch_id": 7,
    "state": "issued",
    "balance_fen": 0,
    "uses_left": 1,
    **_VALID,
}
_REDEEMED = {"code": "done", "redemption": "R6001007", "discount_fen": 2_000, "vouchers": [_USED]}
_CLAIMED = {"code": "done", "claim": "C600100Q", "voucher": _HANDED_OUT}

EXAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "validate": (
        _USE,
        {
            "valid": True,
            "code": "done",
            "refusal": None,
            "vouchers": [_USED],
            "discount_fen": 2_000,
            "best": None,
            "offers": [],
        },
    ),
    "redeem": (_USE, _REDEEMED),
    "reverse": (
        {"reason": "顾客退货"},
        {"code": "done", "reversal": "V6001017", "returned_fen": 2_000, "vouchers": [_BACK]},
    ),
    "hold": (
        {**_USE, "expires_in_s": 900},
        {
            "code": "done",
            "hold": "H600100X",
            "expires_at": "2026-11-27T04:15:00+00:00",
            "discount_fen": 2_000,
            "vouchers": [_HELD],
        },
    ),
    "settle": ({}, _REDEEMED),
    "release": ({}, {"code": "done", "vouchers": [_BACK]}),
    "claim": ({"batch_id": "{batch_id}", "customer": "{customer}", "channel": "app"}, _CLAIMED),
    "look_up": (
        {"code": "{code}"},
        {
            "state": "live",
            "usable": True,
            "kind": "amount_off",
            "balance_fen": 0,
            "uses_left": 1,
            **_VALID,
            "terms": ["立减 ¥20.00。"],
        },
    ),
    "command": (
        {
            "commands": [
                {"do": "redeem", **_USE},
                {"do": "claim", "batch_id": "{batch_id}", "customer": "{customer}"},
            ]
        },
        {"outcomes": [_REDEEMED, _CLAIMED]},
    ),
}
