"""Acts with ranges as commands of the ledger: all of an act happens, or nothing of it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from kaquan.custody.errors import act_impossible
from kaquan.custody.ranges import alike
from kaquan.engine.commands import MovePieces, RequestKey
from kaquan.engine.custody import ACTS, Piece, Span
from kaquan.engine.rows import Custody
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.foundation.refusals import INTERNAL_CLIENT, RefusedError, surely_refused
from kaquan.ledger.door import COMMANDS_MAX, submit
from kaquan.ledger.paper import is_known
from kaquan.ledger.sessions import reading_session


class Step(NamedTuple):
    """One act with neighbouring pieces in one state; ``to_organisation_id`` 0: they stay."""

    act: str
    span: Span
    organisation_id: int
    to_organisation_id: int = 0
    hand_out_first: bool = False


def steps_of(act: str, runs: Sequence[Custody], to_organisation_id: int = 0) -> list[Step]:
    """An act with runs as they are; raises `custody_act_impossible`."""
    check_pieces(runs, ACTS[act].sources)
    return [Step(act, span, run.organisation_id, to_organisation_id) for run, span in alike(runs)]


def check_pieces(runs: Sequence[Custody], allowed: Container[Piece]) -> None:
    """Raise `custody_act_impossible`, with the first serial that is in no state of these."""
    for run in runs:
        if run.piece not in allowed:
            raise act_impossible(run.first_serial)


def perform(
    *,
    actor: Actor,
    batch_id: int,
    steps: Iterable[Step],
    key: str,
    reason: str = "",
    witness: str = "",
) -> None:
    """Book the steps, once for each ``key``; raises the ledger's refusals, and then nothing moved.

    Of an error that is not ``surely_refused`` nobody knows; the same call again says what happened.
    """
    planned = list(steps)
    if not 0 < len(planned) <= COMMANDS_MAX:
        raise act_impossible()
    at = clock.now()
    commands = [
        MovePieces(
            at=at,
            key=_name(key, index),
            link=1 if len(planned) > 1 else 0,
            batch_id=batch_id,
            first_serial=step.span.first,
            quantity=step.span.quantity,
            act=step.act,
            organisation_id=step.organisation_id,
            to_organisation_id=step.to_organisation_id,
            hand_out_first=step.hand_out_first,
            witness=witness,
            reason=reason,
        )
        for index, step in enumerate(planned)
    ]
    outcomes = submit(commands, actor=actor)
    refused = [one for one in outcomes if not one.done]
    if refused:
        told = next(
            (one for one in refused if one.code.name != "LINKED_COMMAND_FAILED"), refused[0]
        )
        raise MoveRefusedError(told, surely=surely_refused(outcomes))


def was_done(key: str) -> bool:
    """Whether the steps of this key are in the books: a form that comes twice is one act."""
    return is_known(reading_session(), _name(key, 0), MovePieces.operation)


def _name(key: str, index: int) -> RequestKey:
    return RequestKey(INTERNAL_CLIENT, f"custody:{key}:{index}")


class MoveRefusedError(RefusedError):
    """A refusal; ``surely``: nothing can have happened all the same."""

    def __init__(self, outcome: object, *, surely: bool) -> None:
        super().__init__(outcome)  # type: ignore[arg-type]
        self.surely = surely
