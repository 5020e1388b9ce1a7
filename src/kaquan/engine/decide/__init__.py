"""The one decision: what each command does to the rows of its block, or why it does nothing.

Pure and total: the same commands on the same world give the same outcomes, and no command that can
be decoded makes it raise. Each operation is a row of checks in order of precedence; after the last
of them nothing may fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kaquan.engine import commands as c
from kaquan.engine.decide.care import (
    adjust,
    expire,
    extend,
    freeze,
    transfer,
    unfreeze,
    void,
)
from kaquan.engine.decide.custody import move_pieces
from kaquan.engine.decide.holds import (
    expire_parts,
    hold,
    lapsed_parts,
    release_hold,
    settle_hold,
)
from kaquan.engine.decide.issue import issue, top_up
from kaquan.engine.decide.losses import book_loss
from kaquan.engine.decide.reverse import reverse
from kaquan.engine.decide.supply import (
    activate,
    allot,
    change_budget,
    define_batch,
    mint,
    open_budget,
    set_batch_state,
)
from kaquan.engine.decide.terms import revise_terms
from kaquan.engine.decide.use import redeem
from kaquan.engine.decide.vouchers import malformed
from kaquan.engine.fields import field_fault
from kaquan.engine.outcomes import Outcome, OutcomeCode, Refusal
from kaquan.engine.world import World

_LINK_FAILED = Outcome(OutcomeCode.LINKED_COMMAND_FAILED)


def _redeem(command: c.Redeem, world: World) -> Outcome | Refusal:
    return redeem(command, world) if command.hold is None else settle_hold(command, world)


_OPERATIONS: dict[type[c.Command], Callable[[Any, World], Outcome | Refusal]] = {
    c.OpenBudget: open_budget,
    c.ChangeBudget: change_budget,
    c.DefineBatch: define_batch,
    c.Mint: mint,
    c.SetBatchState: set_batch_state,
    c.Activate: activate,
    c.Allot: allot,
    c.Claim: issue,
    c.Assign: issue,
    c.Sell: issue,
    c.TopUp: top_up,
    c.Redeem: _redeem,
    c.Hold: hold,
    c.Release: release_hold,
    c.Reverse: reverse,
    c.Transfer: transfer,
    c.Extend: extend,
    c.Freeze: freeze,
    c.Unfreeze: unfreeze,
    c.Void: void,
    c.Expire: expire,
    c.Adjust: adjust,
    c.MovePieces: move_pieces,
    c.ReviseTerms: revise_terms,
    c.BookLoss: book_loss,
}

#: What later commands of the same block may name by place.
_NAMED_BY_PLACE = frozenset({c.Redeem, c.Hold})


def decide(
    commands: Sequence[c.AnyCommand], world: World, *, are_sound: bool = False
) -> list[Outcome]:
    """Decide the commands of one block in order; each sees what the ones before it did.

    ``world`` must hold every row that ``engine.footprint`` names. Neighbours with the same ``link``
    above zero stand or fall together: the one that broke keeps its own answer. With ``are_sound``
    the caller has asked ``field_fault`` about each already.
    """
    outcomes: list[Outcome] = []
    first, number = 0, len(commands)
    while first < number:
        command = commands[first]
        end = first + 1
        if command.link <= 0:
            outcomes.append(_decide_one(command, world, first, are_sound=are_sound))
        else:
            while end < number and commands[end].link == command.link:
                end += 1
            outcomes += _decide_group(commands[first:end], world, first, are_sound=are_sound)
        first = end
    return outcomes


def _decide_group(
    commands: Sequence[c.AnyCommand], world: World, first: int, *, are_sound: bool
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    world.begin_link()
    for index, command in enumerate(commands, first):
        outcome = _decide_one(command, world, index, are_sound=are_sound)
        outcomes.append(outcome)
        if not outcome.done:
            break
    failed = not outcomes[-1].done
    world.end_link(undo=failed)
    if failed:
        broken = len(outcomes) - 1
        for outcome in outcomes[:broken]:
            if outcome.place is not None:
                world.past.pop(outcome.place, None)
        return [outcomes[i] if i == broken else _LINK_FAILED for i, _ in enumerate(commands)]
    return outcomes


def _decide_one(command: c.AnyCommand, world: World, index: int, *, are_sound: bool) -> Outcome:
    world.index = index
    world.limit_changes = []
    field = None if are_sound else field_fault(command)
    if field is not None:
        return _refused(malformed(field))
    lapsed = lapsed_parts(command, world) if world.held else ()
    if lapsed:
        # The command is judged as if they were given back; if it is refused they are not, for a
        # refusal moves nothing.
        world.begin_link()
        expire_parts(command, world, lapsed)
    operation = type(command)
    answer = _OPERATIONS[operation](command, world)
    if lapsed:
        world.end_link(undo=isinstance(answer, Refusal))
    if isinstance(answer, Refusal):
        return _refused(answer)
    if operation in _NAMED_BY_PLACE:
        assert answer.place is not None
        world.past[answer.place] = (command, answer)
    return answer


def _refused(refusal: Refusal) -> Outcome:
    return Outcome(refusal.code, {**refusal.data})  # most refusals are shared constants
