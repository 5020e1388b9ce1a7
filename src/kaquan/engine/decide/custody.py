"""Moving pieces of paper: one act with a range that lies together in one place."""

from __future__ import annotations

from kaquan.engine import commands as c
from kaquan.engine.custody import ACCOUNTS, ACTS, Piece
from kaquan.engine.decide.supply import cut_out, runs_within
from kaquan.engine.decide.vouchers import done
from kaquan.engine.entries import Unit
from kaquan.engine.outcomes import Outcome, OutcomeCode, Refusal
from kaquan.engine.rows import Custody
from kaquan.engine.world import World


def move_pieces(command: c.MovePieces, world: World) -> Outcome | Refusal:
    """Do one act with every piece of a range, or with none.

    Pieces of one command lie with one organisation, in one state, and are dead or live together, so
    that its record says what became of them without anything else.
    """
    runs = runs_within(world, command)
    if isinstance(runs, Refusal):
        return runs
    act, is_print = ACTS[command.act], command.act == "print"
    if is_print and not world.batches[command.batch_id].by_code:
        return Refusal(OutcomeCode.COMMAND_NOT_FOR_KIND)
    holder = 0 if is_print else command.organisation_id
    one = runs[0]
    for run in runs:
        if (
            run.piece not in act.sources
            or run.organisation_id != holder
            or (run.piece, run.active) != (one.piece, one.active)
        ):
            return _elsewhere(run, command)
    was, was_active = one.piece, one.active
    # From here on nothing may fail.
    for run in cut_out(world, command):
        if is_print:
            run.active, run.hand_out_first = False, command.hand_out_first
        elif command.act == "activate":
            run.active = True
        on_hand = Piece.READY if run.active else Piece.RECEIVED
        run.piece = on_hand if act.target is None else act.target
        run.organisation_id = goes_to(command)
        one = run
    world.enter(
        command,
        Unit.PIECE,
        command.quantity,
        (ACCOUNTS[was], holder),
        (ACCOUNTS[one.piece], one.organisation_id),
        serial=command.first_serial,
        batch_id=command.batch_id,
    )
    return done(
        world,
        data={
            "first_serial": command.first_serial,
            "quantity": command.quantity,
            "piece_before": int(was),
            "piece": int(one.piece),
            "activated": int(one.active) - int(was_active),
        },
    )


def goes_to(command: c.MovePieces) -> int:
    """The organisation that has the pieces afterwards."""
    return command.to_organisation_id or command.organisation_id


def _elsewhere(run: Custody, command: c.MovePieces) -> Refusal:
    first = max(run.first_serial, command.first_serial)
    return Refusal(OutcomeCode.PIECES_ELSEWHERE, {"first_serial": first})
