"""From what a caller asks to a command for the ledger, within the caller's bounds.

Each function says what is wanting (`WantedError`), refuses (`ProblemAnswer`, `KaquanError`) or
gives a `Prepared`. A voucher, batch, store, redemption or hold that lies outside the caller's part
of the organisation is refused exactly as one that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from kaquan.access.callers import Caller
from kaquan.access.limits import note_code_failure, object_refusal
from kaquan.engine import commands as c
from kaquan.engine.codes import CodeFault, Presented
from kaquan.engine.crockford import fold
from kaquan.engine.facts import Facts, OrderLine
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.places import Place
from kaquan.foundation.errors import KaquanError
from kaquan.organisations.errors import organisation_unknown
from kaquan.redemption.codes import FAULTS, may_be_foreign, own_code
from kaquan.redemption.facts_cache import FactsCache, NotLoadedError
from kaquan.redemption.receipt_numbers import ReceiptKind, parse_receipt
from kaquan.redemption.visits import Visit
from kaquan.surfaces.gateway import answers
from kaquan.surfaces.gateway import messages as m
from kaquan.surfaces.gateway.answers import AnswerOf, ProblemAnswer
from kaquan.surfaces.gateway.calls import Call
from kaquan.surfaces.gateway.knowledge import Known, Wanted, WantedError
from kaquan.surfaces.http.problems import (
    Problem,
    call_problem,
    outcome_problem,
    refusal_problem,
)

UNKNOWN = {
    code: Outcome(code)
    for code in (
        OutcomeCode.VOUCHER_UNKNOWN,
        OutcomeCode.BATCH_UNKNOWN,
        OutcomeCode.REDEMPTION_UNKNOWN,
        OutcomeCode.HOLD_UNKNOWN,
    )
}


@dataclass(slots=True)
class Prepared:
    """A command, and how its outcome is told.

    ``refusal``: why it may not be booked now. It may have been booked before all the same, and then
    the same request must get the answer that it got.
    """

    command: c.AnyCommand
    answer: AnswerOf
    refusal: KaquanError | None = None


class Preparation:
    """Prepares the commands of one call from what is known."""

    __slots__ = ("_cache", "_call", "_caller", "_known", "_public")

    def __init__(
        self, call: Call, cache: FactsCache, known: Known, *, public: bool | None = None
    ) -> None:
        self._call = call
        self._caller: Caller = call.caller
        self._cache = cache
        self._known = known
        self._public = call.caller.publishable if public is None else public

    # What commands are made of -------------------------------------------------------------------

    def presented(self, text: str) -> Presented:
        """What a code stands for; refuses what is no code, and notes who tried it."""
        judged = self._known.judged_codes.get(text)
        if judged is None:
            judged = self._known.judged_codes[text] = self._judge(text)
        if isinstance(judged, Presented):
            return judged
        raise ProblemAnswer(judged)

    def serial(self, text: str) -> int:
        """The voucher that any of its codes names; refuses as `presented` does."""
        return self.presented(text).serial

    def _judge(self, text: str) -> Presented | Problem:
        found = own_code(text)
        if isinstance(found, CodeFault) and may_be_foreign():
            foreign = self._known.codes.get(text)
            if foreign is None:
                raise WantedError(Wanted(codes={text}))
            if isinstance(foreign, Presented):
                found = foreign
        if isinstance(found, Presented):
            spared = self._sparing("voucher", found.serial)
            return found if isinstance(spared, int) else spared
        forged = found is CodeFault.FORGED
        note_code_failure(source=self._call.source, caller=self._caller, forged=forged)
        if self._public:
            # Who asks for one code too often is told so, whether or not there is such a voucher.
            spared = self._sparing("voucher", hash(fold(text) or text))
            if not isinstance(spared, int):
                return spared
        return outcome_problem(FAULTS[found], self._call.language, public=self._public)

    def serials(self, uses: Sequence[m.VoucherIn]) -> tuple[c.VoucherUse, ...]:
        """The uses that codes and amounts name; all that is wanting is told at once."""
        try:
            shown = [(self.presented(u.code), u) for u in uses]
            return tuple([c.VoucherUse(s.serial, u.amount_fen, u.uses, s.hand) for s, u in shown])
        except WantedError:
            gathering = Gathering()
            for use in uses:
                gathering.ask(self.presented, use.code)
            raise gathering.missing() from None

    def facts(self, where: m.Where, *, needs_store: bool) -> tuple[Facts, KaquanError | None]:
        """The facts of a visit, and why nothing may happen there now."""
        if not where.store and needs_store and self._is_bound:
            raise self.malformed("store", "此密钥须指明门店", "this key must name a store")
        order = where.order
        try:
            facts, store, refusal = self._cache.facts(
                self._caller.actor,
                Visit(
                    store_code=where.store,
                    order_no=order.order_no if order else "",
                    lines=_lines(order) if order else (),
                    amount_fen=order.amount_fen if order else None,
                    customer_number=where.customer,
                    channel=where.channel,
                    terminal_kind=where.terminal_kind,
                    terminal_code=where.terminal,
                ),
                self._call.at,
            )
        except NotLoadedError as missing:
            raise WantedError(Wanted(names=missing.names)) from None
        store_ids = self._caller.store_ids
        if store is not None and store_ids and store.store_id not in store_ids:
            raise organisation_unknown(where.store)
        return facts, refusal

    def customer_id(self, number: str) -> int:
        """The customer with a number."""
        try:
            return self._cache.customer_id(number)
        except NotLoadedError as missing:
            raise WantedError(Wanted(names=missing.names)) from None

    def place(self, kind: ReceiptKind, text: str) -> Place:
        """The redemption or hold that a number names, if it happened where the caller may act."""
        place = parse_receipt(kind, text)
        if place is None:
            raise self.unknown(_UNKNOWN_OF[kind])
        if self._is_bound:
            path = self._path_at(place)
            if not path or not self._lies_within(path):
                raise self.unknown(_UNKNOWN_OF[kind])
        return place

    def terminal(self, code: str, place: Place) -> tuple[int, KaquanError | None]:
        """The terminal that settles or undoes what happened at a place, and why it may not."""
        if not code:
            return 0, None
        path = self._path_at(place) or ()
        try:
            return self._cache.terminal_at(self._caller.actor, code, path)
        except NotLoadedError as missing:
            raise WantedError(Wanted(names=missing.names)) from None

    def _path_at(self, place: Place) -> tuple[int, ...] | None:
        if place not in self._known.places:
            raise WantedError(Wanted(places={place}))
        return self._known.places[place]

    def batch(self, batch_id: int) -> int:
        """A batch that the caller may hand out from."""
        if not self._may_issue_from(batch_id):
            raise self.unknown(OutcomeCode.BATCH_UNKNOWN)
        judged = self._known.judged.get(batch_id)
        if judged is None:
            judged = self._known.judged[batch_id] = self._sparing("batch", batch_id)
        if isinstance(judged, int):
            return judged
        raise ProblemAnswer(judged)

    def may_trace(self, serial: int) -> bool:
        """Whether the caller may see all of a voucher, as one of its part's batches."""
        return not self._is_bound or (not self.is_of_stores and self._is_own(serial))

    def own_voucher(self, text: str) -> int:
        """The voucher that a code names, if it is of a batch of the caller's part of the tree."""
        return self.own_presented(text).serial

    def own_presented(self, text: str) -> Presented:
        """The same for whom it matters which of its codes it was."""
        found = self.presented(text)
        if not self._is_own(found.serial):
            raise self.unknown(OutcomeCode.VOUCHER_UNKNOWN)
        return found

    # Refusals -------------------------------------------------------------------------------------

    def malformed(self, field: str, zh: str, en: str) -> ProblemAnswer:
        """The refusal of a request with a field that cannot be."""
        language = self._call.language
        remedy = f"{field}：{zh}" if language == "zh" else f"{field}: {en}"
        return ProblemAnswer(
            call_problem("malformed_request", language, {"field": field}, remedy=remedy)
        )

    def unknown(self, code: OutcomeCode) -> ProblemAnswer:
        """The refusal of something that there is not, as far as this caller may know."""
        problem = outcome_problem(UNKNOWN[code], self._call.language, public=self._public)
        return ProblemAnswer(problem)

    def _sparing(self, kind: Literal["voucher", "batch"], number: int) -> int | Problem:
        """The number, or why no more may be asked of this one thing for the moment."""
        refusal = object_refusal(kind, number)
        return number if refusal is None else refusal_problem(refusal, self._call.language)

    # Bounds ---------------------------------------------------------------------------------------

    @property
    def _is_bound(self) -> bool:
        return bool(self._caller.store_ids or self._caller.actor.organisation_path)

    def _lies_within(self, path: tuple[int, ...]) -> bool:
        if self._caller.store_ids and path[-1] not in self._caller.store_ids:
            return False
        return "".join([f"{one}." for one in path]).startswith(self._caller.actor.organisation_path)

    @property
    def is_of_stores(self) -> bool:
        """Whether the caller is bound to stores, as tills are."""
        return bool(self._caller.store_ids)

    def _is_own(self, serial: int) -> bool:
        if not self._caller.actor.organisation_path:
            return True
        if serial not in self._known.batches:
            raise WantedError(Wanted(serials={serial}))
        return self._may_issue_from(self._known.batches[serial])

    def _may_issue_from(self, batch_id: int) -> bool:
        try:
            return self._cache.may_issue_from(self._caller.actor, batch_id)
        except NotLoadedError as missing:
            raise WantedError(Wanted(names=missing.names)) from None

    # Commands -------------------------------------------------------------------------------------

    def common(self, key: str, link: int) -> dict[str, Any]:
        """What every command has."""
        caller = self._caller
        return {
            "at": self._call.at,
            "key": c.RequestKey(caller.client_id, key),
            "link": link,
            "actor": caller.actor.id,
        }


_UNKNOWN_OF = {
    ReceiptKind.REDEMPTION: OutcomeCode.REDEMPTION_UNKNOWN,
    ReceiptKind.HOLD: OutcomeCode.HOLD_UNKNOWN,
}


def _lines(order: m.OrderIn) -> list[OrderLine]:
    return [
        OrderLine(
            line.line_id,
            line.sku,
            line.quantity,
            line.amount_fen,
            line.discount_fen,
            line.categories,
        )
        for line in order.lines
    ]


class Gathering:
    """Asks for several things and tells all that is wanting at once."""

    def __init__(self) -> None:
        self._wanted = Wanted()

    def ask(self, read: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        """What ``read`` gives; None, for the time being, where something is wanting."""
        try:
            return read(*arguments, **more)
        except WantedError as missing:
            self._wanted |= missing.wanted
            return None

    def missing(self) -> WantedError:
        """All that was wanting."""
        return WantedError(self._wanted)

    def check(self) -> None:
        """Raise `WantedError` if anything was wanting."""
        if self._wanted:
            raise self.missing()


def redeem(p: Preparation, asked: Any, key: str, link: int = 0) -> Prepared:
    """Use vouchers on one order."""
    vouchers, facts, refusal = _uses(p, asked)
    command = c.Redeem(vouchers=vouchers, facts=facts, **p.common(key, link))
    return Prepared(command, answers.redemption_answer, refusal)


def hold(p: Preparation, asked: Any, key: str, link: int = 0) -> Prepared:
    """Reserve vouchers for an order."""
    vouchers, facts, refusal = _uses(p, asked)
    common = p.common(key, link)
    at: datetime = common["at"]
    expires_at = at + timedelta(seconds=asked.expires_in_s)
    command = c.Hold(vouchers=vouchers, facts=facts, expires_at=expires_at, **common)
    return Prepared(command, answers.hold_answer, refusal)


def _uses(p: Preparation, asked: Any) -> tuple[Any, Any, KaquanError | None]:
    try:
        facts, refusal = p.facts(asked, needs_store=True)
        return p.serials(asked.vouchers), facts, refusal
    except WantedError:
        gathering = Gathering()
        gathering.ask(p.facts, asked, needs_store=True)
        gathering.ask(p.serials, asked.vouchers)
        raise gathering.missing() from None


def claim(p: Preparation, asked: Any, key: str, link: int = 0) -> Prepared:
    """A customer takes a voucher."""
    return _issue(p, c.Claim, asked, _to_customer(asked), key=key, link=link)


def assign(p: Preparation, asked: Any, key: str, link: int = 0) -> Prepared:
    """The issuer gives a customer a voucher."""
    return _issue(p, c.Assign, asked, _to_customer(asked), key=key, link=link)


def sell(p: Preparation, asked: m.SellCommand, key: str, link: int = 0) -> Prepared:
    """A voucher is paid for."""
    return _issue(
        p,
        c.Sell,
        asked,
        asked,
        key=key,
        link=link,
        paid_fen=asked.paid_fen,
        payment_no=asked.payment_no,
        face_fen=asked.face_fen,
        needs_store=p.is_of_stores,
    )


def _to_customer(asked: Any) -> m.Where:
    return m.Where(customer=asked.customer, channel=asked.channel)


def _issue(
    p: Preparation,
    make: type[c.Claim | c.Assign | c.Sell],
    asked: Any,
    where: m.Where,
    *,
    key: str,
    link: int,
    needs_store: bool = False,
    **more: Any,
) -> Prepared:
    gathering = Gathering()
    batch_id = gathering.ask(p.batch, asked.batch_id)
    told_code, serial = asked.voucher_code, None
    if told_code is not None:
        serial = gathering.ask(p.serial, told_code)
    told = gathering.ask(p.facts, where, needs_store=needs_store)
    gathering.check()
    facts, refusal = told
    command = make(batch_id=batch_id, serial=serial, facts=facts, **more, **p.common(key, link))
    answer = answers.claim_answer
    if told_code is not None:
        answer = partial(answer, told_code=told_code)
    return Prepared(command, answer, refusal)
