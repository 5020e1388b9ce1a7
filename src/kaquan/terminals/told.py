"""What the books say of vouchers, in the words of whoever stands at a counter."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct, structs

from kaquan.campaigns.models import CampaignBatch
from kaquan.engine.codes import Presented
from kaquan.engine.commands import Redeem
from kaquan.engine.decide.kinds import kind_of
from kaquan.engine.dynamic_codes import is_dynamic
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.engine.rules.terms import PrepaidCard
from kaquan.engine.signed import is_signed_form
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.refusals import RefusedError
from kaquan.ledger.batch_rules import batch_ends, later_end, rules_of
from kaquan.ledger.sessions import reading_session
from kaquan.ledger.trace import batches_of, record_at, trace_voucher
from kaquan.ledger.voucher_pages import VoucherRow, voucher_rows
from kaquan.offers.faces import face_of
from kaquan.organisations.models import Organisation
from kaquan.redemption.actions import CodeUse, validate
from kaquan.redemption.codes import read_code
from kaquan.redemption.signed_keys import read_revoked_code
from kaquan.terminals.member_codes import NEEDS_AMOUNT, Picked, is_member_code, pick
from kaquan.terminals.requests import Counter, CounterOrder, shown_by, visit_of
from kaquan.terminals.shown_codes import code_behind, shown_text

_OF_USED_ONES = (OutcomeCode.VOUCHER_USED, OutcomeCode.VOUCHER_HELD)
_ASK_GOODS = (OutcomeCode.PRODUCTS_NOT_ELIGIBLE,)
_ASK_MEMBER = (
    OutcomeCode.CUSTOMER_REQUIRED,
    OutcomeCode.CUSTOMER_NOT_TARGETED,
    OutcomeCode.FIRST_ORDER_ONLY,
)
_STEPS_SEEN = 20


class Titles(NamedTuple):
    """What a batch's vouchers are called."""

    zh: str
    en: str


class Refused(Struct, frozen=True, rename="camel"):
    """Why not, in one sentence."""

    code: str
    zh: str
    en: str


class Seen(Struct, frozen=True, rename="camel"):
    """A voucher before it is used. ``asks``: what must be known first — amount, goods, member.
    ``member``: whose code was scanned, where it was a member's and not a voucher's."""

    code: str
    zh: str = ""
    en: str = ""
    balance_fen: int | None = None
    uses_left: int | None = None
    ends_at: str = ""
    takes_top_up: bool = False
    asks: Sequence[str] = ()
    refused: Refused | None = None
    member: str = ""


_NOT_OF_NOW = Refused(
    "code_forged",
    "手机上的券码已过时，也可能是截图；请顾客打开券页面，当面重新扫码。",
    "The code on the phone is out of date, or a picture of one; have the voucher's page opened and "
    "scan again.",
)


_KEY_REVOKED = Refused(
    "code_forged",
    "这个二维码的签名密钥已停用；请输入券面上的 20 位券码核销。",
    "The key that signed this code is out of use; type the voucher's 20-symbol code instead.",
)


def look(counter: Counter, codes: Sequence[str], order: CounterOrder, at: datetime) -> list[Seen]:
    """What the vouchers are, and whether each alone could be used now; nothing is booked.

    A code that a phone renews is answered by what stands for it for some minutes more, and a
    member's code by the voucher that is best for the order. Raises `counter_shown_code_over`,
    `counter_tried_too_often`, `counter_member_code_over`.
    """
    seen = _look(counter, [one for one in codes if not is_member_code(one)], order, at)
    others, found = iter(seen), list[Seen]()
    for one in codes:
        if is_member_code(one):
            found.append(_of_member(counter, one, order, [*seen, *found], at))
        else:
            found.append(next(others))
    return found


def _of_member(
    counter: Counter, text: str, order: CounterOrder, others: Sequence[Seen], at: datetime
) -> Seen:
    """The member's best voucher, or what must be known to tell which that is."""
    behind = [code_behind(counter.shift.terminal_id, one.code, at) for one in others]
    taken = {one for one in map(read_code, behind) if isinstance(one, int)}
    picked = pick(counter, text, order, taken=taken, at=at)
    if picked.refusal is None and not picked.wants_amount:
        known = replace(order, customer_number=picked.member)
        (seen,) = _look(counter, [picked.code], known, at)
        return structs.replace(seen, member=picked.member)
    return Seen(
        picked.code,
        zh=f"会员码：{picked.number} 张券，按金额选最优惠的一张",
        en=f"Member's code: the best of {picked.number} vouchers",
        asks=("amount",) if picked.wants_amount else (),
        refused=_none_fits(picked) if picked.refusal else None,
        member=picked.member,
    )


def _none_fits(picked: Picked) -> Refused:
    assert picked.refusal is not None
    why = refusal_of(picked.refusal)
    if not picked.number:
        return Refused(why.code, "这位会员没有可用的券。", "This member has no voucher to use.")
    zh = f"会员的 {picked.number} 张券此时都不可用："
    en = f"None of the member's {picked.number} vouchers fits: "
    return Refused(why.code, zh + why.zh, en + why.en)


def _look(counter: Counter, codes: Sequence[str], order: CounterOrder, at: datetime) -> list[Seen]:
    if not codes:
        return []
    terminal_id = counter.shift.terminal_id
    true = [code_behind(terminal_id, one, at) for one in codes]
    shown = shown_by(counter, true, at)
    codes = [
        shown_text(terminal_id, one, at)
        if is_dynamic(code) and isinstance(one, Presented)
        else code
        for code, one in zip(codes, shown, strict=True)
    ]
    known = [one.serial for one in shown if isinstance(one, Presented)]
    session = reading_session()
    batch_of, rows = batches_of(session, known), voucher_rows(session, known)
    names = titles_of(batch_of.values())
    rules, ends = rules_of(session, set(batch_of.values())), batch_ends(
        session, set(batch_of.values())
    )  # fmt: skip
    visit = visit_of(counter, order)
    found = []
    for code, behind, one in zip(codes, true, shown, strict=True):
        if isinstance(one, Outcome):
            found.append(Seen(code, refused=_unread(behind, one)))
            continue
        serial = one.serial
        tried = validate(actor=counter.acting, uses=[CodeUse(behind)], visit=visit, at=at)
        batch_id = batch_of.get(serial)
        # What became of a voucher that was passed on is its new holder's business.
        if batch_id not in rules or tried.code is OutcomeCode.CODE_PASSED_ON:
            found.append(Seen(code, refused=refusal_of(tried, serial)))
            continue
        row, kind = rows.get(serial), kind_of(rules[batch_id])
        asks = _asks(tried, has_balance=kind.has_balance, order=order)
        card = kind.terms.benefit
        found.append(
            Seen(
                code,
                zh=names[batch_id].zh,
                en=names[batch_id].en,
                balance_fen=_of(row, "balance_fen", kind.opening_balance_fen)
                if kind.has_balance
                else None,
                uses_left=_of(row, "uses_left", kind.opening_uses) if kind.is_count else None,
                ends_at=_last_minute(
                    later_end(row.valid_until if row else None, ends.get(batch_id))
                ),
                takes_top_up=isinstance(card, PrepaidCard) and card.reloadable,
                asks=asks,
                refused=None if tried.done or asks else refusal_of(tried, serial),
            )
        )
    return found


def _unread(code: str, fault: Outcome) -> Refused:
    """Why a code leads to no voucher; a true one that is good no more is not called forged."""
    if fault.code is OutcomeCode.CODE_FORGED:
        if is_dynamic(code):
            return _NOT_OF_NOW
        if is_signed_form(code) and read_revoked_code(code) is not None:
            return _KEY_REVOKED
    return refusal_of(fault)


def _asks(tried: Outcome, *, has_balance: bool, order: CounterOrder) -> Sequence[str]:
    """What a refusal would be cured by; asked for only while it is not known."""
    if order.amount_fen is None and (has_balance or tried.code in NEEDS_AMOUNT):
        # A card that is frozen or over is told so at once, without asking for an amount first.
        return ("amount",) if tried.done or tried.code in NEEDS_AMOUNT else ()
    if tried.code in _ASK_GOODS and not order.sku:
        return ("amount", "goods")
    if tried.code in _ASK_MEMBER and not order.customer_number:
        return ("member",)
    return ()


def refusal_of(outcome: Outcome, serial: int | None = None) -> Refused:
    """The ledger's refusal; of a voucher that is used up, when and where that was."""
    refused = RefusedError(outcome)
    named = outcome.data.get("serial")
    about = named if isinstance(named, int) else serial
    if outcome.code in _OF_USED_ONES and about is not None:
        use = _last_use(about)
        if use is not None:
            at, store = use
            return Refused(refused.code, f"已于 {at} 在{store}使用", f"Used on {at} at {store}")
    return Refused(refused.code, refused.zh, refused.en)


def _last_use(serial: int) -> tuple[str, str] | None:
    """When and where a voucher was used last.

    Not scoped: whoever holds the voucher is to be told, whichever store they stand in.
    """
    for step in reversed(trace_voucher(reading_session(), serial, steps_max=_STEPS_SEEN)):
        command = step.command
        if not isinstance(command, Redeem) or not step.outcome.done:
            continue
        facts = command.facts
        if command.hold is not None:
            held = record_at(reading_session(), command.hold)
            facts = getattr(held[1].command, "facts", facts) if held else facts
        name = Organisation.objects.filter(id=facts.store_id).values_list("name", flat=True).first()
        local = command.at.astimezone(current_configuration().time_zone)
        return local.strftime("%m-%d %H:%M"), name or "—"
    return None


def titles_of(batch_ids: Collection[int]) -> Mapping[int, Titles]:
    """What the vouchers of batches are called; for whoever holds one, so not scoped."""
    rows = CampaignBatch.objects.select_related("offer_version__offer").in_bulk(set(batch_ids))
    found = {}
    for batch_id in set(batch_ids):
        batch = rows.get(batch_id)
        if batch is None:
            found[batch_id] = Titles("券", "Voucher")
            continue
        face = face_of(batch.offer_version.offer.face)
        zh = face.title_zh if face else batch.offer_version.offer.name
        found[batch_id] = Titles(zh, (face.title_en if face else "") or zh)
    return found


def moment(at: datetime | None) -> str:
    """A moment in the issuer's zone; empty for none."""
    if at is None:
        return ""
    return at.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M")


def _last_minute(end: datetime | None) -> str:
    """What ends at midnight is good through the day before."""
    return moment(end and end - timedelta(seconds=1))


def _of(row: VoucherRow | None, field: str, opening: int) -> int:
    value: int = opening if row is None else getattr(row, field)
    return value
