"""``kaquan show --remote``: what a voucher is and may do now, as the server there tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs
from rich.console import Console

from kaquan.engine.lifecycle import State
from kaquan.engine.money import format_yuan
from kaquan.foundation.actor import Actor
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import ExitCode
from kaquan.surfaces.cli.outcomes import STATES, finish
from kaquan.surfaces.cli.output import plain, show
from kaquan.surfaces.cli.remote import ledgers_refusal, remote_client

if TYPE_CHECKING:
    from kaquan_client import Lookup


def show_there(url: str, actor: Actor | None, code: str, *, json: bool) -> int:
    """Look a voucher up; its history stays where its ledger is."""
    from kaquan_client import Refused

    with remote_client(url, actor) as client:
        try:
            found = client.look_up(code)
        except Refused as refused:
            return finish(ledgers_refusal(refused), zh="", en="", receipt=None, json=json)
    value = {
        name: told
        for name, told in structs.asdict(found).items()
        if told is not None and name != "refusal"
    }
    value["state"] = found.state.upper()
    if found.refusal is not None:
        value["refusal"] = {"code": found.refusal.code.upper(), "zh": found.refusal.detail}
    show(value, json=json, people=lambda console: _print(found, console))
    return ExitCode.OK


def _print(found: Lookup, console: Console) -> None:
    zh, en = STATES[State[found.state.upper()]]
    number = "" if found.serial is None else f" {found.serial}"
    console.print(f"券 voucher{number}: {zh} {en}", style="green" if found.usable else "yellow")
    if found.balance_fen:
        console.print(f"  余额 balance {format_yuan(found.balance_fen)}")
    if found.uses_left:
        console.print(f"  剩余次数 uses left {found.uses_left}")
    if found.valid_from is not None and found.valid_until is not None:
        zone = current_configuration().time_zone
        first, last = (
            one.astimezone(zone).strftime("%Y-%m-%d %H:%M")
            for one in (found.valid_from, found.valid_until)
        )
        console.print(f"  有效期 valid {first} → {last}")
    for line in found.terms:
        console.print(f"  {plain(line)}")
    if found.refusal is not None:
        console.print(f"  现在不能用 not now: {plain(found.refusal.detail)}")
