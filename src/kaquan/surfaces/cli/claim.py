"""``kaquan claim``: a customer takes a voucher."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from kaquan.engine.codes import format_code
from kaquan.engine.outcomes import Outcome
from kaquan.foundation import clock
from kaquan.surfaces.cli import values
from kaquan.surfaces.cli.installation import open_installation
from kaquan.surfaces.cli.outcomes import finish
from kaquan.surfaces.cli.output import Json
from kaquan.surfaces.cli.remote import Remote, answered, outcome_of, remote_client, remote_key

if TYPE_CHECKING:
    from kaquan_client import Claim as RemoteClaim


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
    remote: Remote = None,
    json: Json = False,
) -> int:
    """领取：客户从批次领一张券 · A customer takes a voucher of a batch."""
    if remote is not None:
        with remote_client(remote, as_) as client:
            ask = partial(
                client.claim,
                batch,
                customer=customer,
                channel=channel,
                voucher_code=code or "",
                key=remote_key(request_key),
            )
            return _finish_remote(ask, json=json)
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
            (given,) = outcome.vouchers
            own_code = format_code(code_book().encode(given.serial, given.hand))
        return _finish(outcome, own_code, json=json)


def _finish(outcome: Outcome, code: str | None, *, json: bool) -> int:
    return finish(outcome, zh="已领取", en="claimed", receipt=None, code=code, json=json)


def _finish_remote(ask: Callable[[], RemoteClaim], *, json: bool) -> int:
    codes: list[str] = []

    def told(answer: RemoteClaim) -> Outcome:
        codes.append(answer.voucher.code)
        return outcome_of([answer.voucher])

    outcome = answered(ask, told)
    return _finish(outcome, codes[0] if codes else None, json=json)
