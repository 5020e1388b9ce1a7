"""``kaquan claim``: a customer takes a voucher."""

from __future__ import annotations

from typing import Annotated

import typer

from kaquan.engine.codes import format_code
from kaquan.foundation import clock
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.outcomes import finish
from kaquan.surfaces.cli.output import Json


def claim(
    batch: values.Batch,
    *,
    customer: Annotated[
        str, typer.Option("--customer", metavar="NUMBER", help="会员号 · the customer's number")
    ],
    code: Annotated[
        str | None,
        typer.Option(
            help="领取此码的券；不填则从库存取 · take this code's; else the next in stock"
        ),
    ] = None,
    channel: values.Channel = "app",
    request_key: values.Key = None,
    as_: values.As = None,
    json: Json = False,
) -> int:
    """领取：客户从批次领一张券 · A customer takes a voucher of a batch."""
    actor, key = values.acting(as_), values.request_key(request_key)
    with open_installation():
        from kaquan.redemption import actions
        from kaquan.redemption.codes import code_book
        from kaquan.redemption.visits import Visit

        outcome = actions.claim(
            actor=actor,
            batch_id=batch,
            visit=Visit(customer_number=customer, channel=channel),
            code=code,
            request_key=key,
            at=clock.now(),
        )
        own_code = None
        if outcome.done:
            own_code = format_code(code_book().encode(outcome.vouchers[0].serial))
        return finish(outcome, zh="已领取", en="claimed", receipt=None, code=own_code, json=json)
