"""Lists of commands: each is answered by itself, except for neighbours that are linked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from kaquan.access.errors import key_of_stores
from kaquan.access.limits import GATEWAY, admit
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.errors import KaquanError
from kaquan.ledger.batcher import BLOCK_COMMANDS_MAX, QueueFullError
from kaquan.redemption.actions import ISSUE, REDEEM, REVERSE
from kaquan.redemption.care import CARE
from kaquan.surfaces.gateway import messages as m
from kaquan.surfaces.gateway import preparing, preparing_care, preparing_past
from kaquan.surfaces.gateway.answers import CommandsAnswer, ProblemAnswer, encode
from kaquan.surfaces.gateway.booking import Bookings, Prepare, problem_of
from kaquan.surfaces.gateway.calls import KEY_LENGTH_MAX, Call
from kaquan.surfaces.gateway.decoding import malformed_body
from kaquan.surfaces.gateway.knowledge import Known, Librarian, Wanted, WantedError
from kaquan.surfaces.gateway.linked_writers import LinkedWriters
from kaquan.surfaces.gateway.loop_threads import Writers
from kaquan.surfaces.gateway.preparing import Preparation, Prepared
from kaquan.surfaces.http.problems import (
    Problem,
    call_problem,
    error_problem,
    outcome_problem,
    refusal_problem,
)

#: So many are decoded and prepared before others have a turn on the event loop.
SLICE: Final = 50
KEY_PREFIX_MAX: Final = KEY_LENGTH_MAX - len("#999")
DENIED = Outcome(OutcomeCode.PERMISSION_DENIED)
LINK_FAILED = Outcome(OutcomeCode.LINKED_COMMAND_FAILED)
BUSY = Outcome(OutcomeCode.BUSY)

HOW: Final[dict[type[m.Message], tuple[Prepare, str]]] = {
    m.RedeemCommand: (preparing.redeem, REDEEM),
    m.HoldCommand: (preparing.hold, REDEEM),
    m.SettleCommand: (preparing_past.settle, REDEEM),
    m.ReleaseCommand: (preparing_past.release, REDEEM),
    m.ReverseCommand: (preparing_past.reverse, REVERSE),
    m.ClaimCommand: (preparing.claim, ISSUE),
    m.AssignCommand: (preparing.assign, ISSUE),
    m.SellCommand: (preparing.sell, ISSUE),
    m.TopUpCommand: (preparing_care.top_up, ISSUE),
    m.TransferCommand: (preparing_care.transfer, CARE),
    m.ExtendCommand: (preparing_care.extend, CARE),
    m.FreezeCommand: (preparing_care.freeze, CARE),
    m.UnfreezeCommand: (preparing_care.unfreeze, CARE),
    m.VoidCommand: (preparing_care.void, CARE),
    m.ExpireCommand: (preparing_care.expire, CARE),
    m.AdjustCommand: (preparing_care.adjust, CARE),
}


class _Linked(Struct):
    """As much of a command as tells its neighbours whether they are linked to it."""

    link: int = 0


class Item:
    """One command on its way: what was asked, what it was made into, and its answer."""

    __slots__ = ("answer", "asked", "key", "link", "prepared")

    def __init__(self, key: str) -> None:
        self.key = key
        self.link = 0
        self.asked: Any = None
        self.prepared: Prepared | None = None
        self.answer: Any = None


class Commands:
    """The handler of lists of commands."""

    def __init__(
        self, writers: Writers | LinkedWriters, librarian: Librarian, bookings: Bookings
    ) -> None:
        self._writers = writers
        self._librarian = librarian
        self._bookings = bookings

    async def command(self, call: Call, message: m.CommandsRequest) -> bytes:
        """POST /commands"""
        raws = message.commands
        if len(call.key) > KEY_PREFIX_MAX:
            raise ProblemAnswer(call_problem("idempotency_key_invalid", call.language))
        verdict = admit(call.caller, lane=GATEWAY, cost=len(raws) - 1) if len(raws) > 1 else None
        if verdict is not None and verdict.refusal is not None:
            raise ProblemAnswer(refusal_problem(verdict.refusal, call.language))
        items: list[Item] = []
        for first in range(0, len(raws), SLICE):
            some = [
                _decoded(call, index, raw)
                for index, raw in enumerate(raws[first : first + SLICE], first)
            ]
            await self._librarian.prepare(partial(self._prepare, call, some))
            items += some
            await asyncio.sleep(0)
        for item in items:
            await self._refuse_if_new(call, item)
        groups = list(_groups(items))
        _fail_links(call, groups)
        for some in _blocks([group for group in groups if group[0].answer is None]):
            await self._book(call, some)
        return encode(CommandsAnswer(outcomes=[item.answer for item in items]))

    def _prepare(self, call: Call, items: Sequence[Item], known: Known) -> None:
        """Make commands of what is asked; raises what is wanting for all of them at once."""
        wanted = Wanted()
        for item in items:
            if item.answer is not None or item.prepared is not None:
                continue
            prepare, permission = HOW[type(item.asked)]
            try:
                if permission not in call.caller.actor.permissions:
                    raise ProblemAnswer(outcome_problem(DENIED, call.language))
                if permission == CARE and call.caller.store_ids:
                    raise key_of_stores()
                preparation = Preparation(call, self._librarian.cache, known)
                item.prepared = prepare(preparation, item.asked, item.key, item.link)
            except WantedError as missing:
                wanted |= missing.wanted
            except ProblemAnswer as refused:
                item.answer = refused.problem
            except KaquanError as error:
                item.answer = error_problem(error, call.language)
        if wanted:
            raise WantedError(wanted)

    async def _refuse_if_new(self, call: Call, item: Item) -> None:
        """A command that may not be booked now, unless it was before."""
        prepared = item.prepared
        if prepared is None or prepared.refusal is None:
            return
        if not await self._bookings.was_answered(prepared):
            item.answer = error_problem(prepared.refusal, call.language)

    async def _book(self, call: Call, items: Sequence[Item]) -> None:
        """Book up to a block of them; the blocks of one request follow each other, for a command
        may build on an earlier one."""
        prepared = [item.prepared for item in items if item.prepared is not None]
        assert len(prepared) == len(items)
        is_queue_full = False
        try:
            outcomes = await self._writers.book([one.command for one in prepared])
        except QueueFullError:
            outcomes, is_queue_full = [BUSY] * len(items), True
        except Exception:  # a bug of ours, and in the log
            if not await self._book_apart(call, items):
                problem = call_problem("internal_error", call.language)
                for item in items:
                    item.answer = problem
            return
        is_held_up = not is_queue_full and all(one.code is OutcomeCode.BUSY for one in outcomes)
        if is_held_up and await self._book_apart(call, items):
            return
        windows = await self._librarian.learn_windows(outcomes)
        for item, one, outcome in zip(items, prepared, outcomes, strict=True):
            item.answer = (
                one.answer(outcome, windows)
                if outcome.done
                else problem_of(call, one, outcome, public=False)
            )

    async def _book_apart(self, call: Call, items: Sequence[Item]) -> bool:
        """Book each by itself, except for what is linked: one of them waits for something, or
        breaks our own code. False where there is only one."""
        groups = list(_groups(items))
        if len(groups) < 2:
            return False
        for group in groups:
            await self._book(call, group)
        return True


def _decoded(call: Call, index: int, raw: msgspec.Raw) -> Item:
    item = Item(f"{call.key}#{index}")
    try:
        asked = item.asked = m.COMMAND_DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        item.answer = malformed_body(error, call.language, f"commands[{index}]")
        item.link = _link_of(raw)
        return item
    item.link = asked.link
    if asked.key is not None:
        item.key = asked.key
    return item


def _link_of(raw: msgspec.Raw) -> int:
    try:
        return max(0, msgspec.json.decode(raw, type=_Linked).link)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0


def _groups(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Neighbours that stand or fall together; others alone."""
    group: list[Item] = []
    for item in items:
        if group and (item.link == 0 or item.link != group[0].link):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _fail_links(call: Call, groups: Sequence[list[Item]]) -> None:
    """What is linked to something that cannot be booked is not booked either."""
    for group in groups:
        if len(group) > BLOCK_COMMANDS_MAX:
            data = {"linked_most": BLOCK_COMMANDS_MAX}
            problem = call_problem("malformed_request", call.language, {**data, "field": "link"})
            for item in group:
                item.answer = problem
        elif any(item.answer is not None for item in group):
            failed: Problem = outcome_problem(LINK_FAILED, call.language)
            for item in group:
                item.answer = item.answer or failed


def _blocks(groups: Sequence[list[Item]]) -> Iterator[list[Item]]:
    """Whole groups, together at most a block; each linked one gets a number of its own, for what
    stood between two may be gone."""
    block: list[Item] = []
    for number, group in enumerate(groups, 1):
        if len(block) + len(group) > BLOCK_COMMANDS_MAX:
            yield block
            block = []
        for item in group:
            if item.link and item.prepared is not None:
                item.prepared.command = structs.replace(item.prepared.command, link=number)
        block += group
    if block:
        yield block
