"""What the hot lane takes and answers, for machines: the OpenAPI document is made from this.

Schemas come from the structs by ``msgspec.json.schema_components``. A test sends every example to a
real server; the objects that they name (``{code}``, ``{batch_id}`` …) are the test's own.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from kaquan.engine.outcomes import OutcomeCode as Code
from kaquan.surfaces.gateway import answers
from kaquan.surfaces.gateway import messages as m
from kaquan.surfaces.gateway.description_examples import EXAMPLES
from kaquan.surfaces.gateway.routes import BASE, ROUTES, Route
from kaquan.surfaces.gateway.validating import LookupAnswer, ValidationAnswer


class CommandsBody(m.Message, frozen=True, kw_only=True):
    """Up to a thousand commands, in order."""

    commands: Annotated[list[m.AnyCommandIn], Meta(min_length=1, max_length=m.COMMANDS_MAX)]


class CommandOutcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The outcome of one command: ``code`` is ``done`` with the fields of its kind of answer, or
    that of a problem, with the fields of a problem document."""

    code: str
    redemption: str = ""
    reversal: str = ""
    hold: str = ""
    claim: str = ""
    expires_at: str = ""
    discount_fen: int = 0
    returned_fen: int = 0
    vouchers: tuple[answers.VoucherOut, ...] = ()
    voucher: answers.HandedOut | None = None
    type: str = ""
    title: str = ""
    status: int = 0
    detail: str = ""
    retryable: bool = False
    remedy: str = ""
    data: dict[str, int | str | list[str]] = {}
    retry_after_s: int = 0


class CommandOutcomes(Struct, frozen=True):
    """One outcome for each command, in their order."""

    outcomes: list[CommandOutcome]


class Operation(NamedTuple):
    """One address of the hot lane. ``permission`` is what its caller needs, one of several being
    enough; ``changes``: it needs an Idempotency-Key, which its body may hold as ``request_no``.
    ``problem_codes`` leaves out what every call may be answered with (see ``EVERY_CALL``)."""

    name: str
    method: str
    path: str
    summary_zh: str
    summary_en: str
    permission: str
    request: Any
    answer: Any
    example_request: dict[str, Any]
    example_answer: dict[str, Any]
    problem_codes: tuple[str, ...]
    changes: bool
    request_no: str


#: What any call may be answered with, apart from what stands in the way of its caller.
EVERY_CALL = (
    "malformed_request", "header_repeated", "permission_denied", "body_too_slow", "body_too_large",
    "content_type_unsupported", "rate_limited", "busy", "unavailable", "internal_error",
)  # fmt: skip
_EVERY_CHANGE = ("idempotency_key_missing", "idempotency_key_invalid", "request_key_reused")
_CODES = ("code_malformed", "code_mistyped", "code_forged", "code_attempts_limited",
          "object_rate_limited")  # fmt: skip
_TERMINALS = ("terminal_unknown", "terminal_of_other_store", "terminal_blocked", "value_invalid")
_PLACES = (
    "organisation_unknown", "store_not_open", "customer_unknown", "malformed_command", *_TERMINALS,
)  # fmt: skip


def _outcomes(first: Code, last: Code) -> tuple[str, ...]:
    return tuple(code.name.lower() for code in Code if first <= code <= last)


_STATES = _outcomes(Code.BATCH_PAUSED, Code.VOUCHER_NOT_ISSUED)
_USE = (
    *_CODES,
    *_PLACES,
    "code_passed_on",
    "voucher_unknown",
    "voucher_not_yours",
    *_STATES,
    *_outcomes(Code.WRONG_WEEKDAY, Code.AMOUNT_NOT_ALLOWED),
    *_outcomes(Code.LIMIT_PER_CUSTOMER, Code.LIMIT_PER_BATCH),
    "budget_exhausted",
    "balance_insufficient",
    "uses_insufficient",
)
_HOLD = ("hold_unknown", "hold_expired", "hold_settled", "voucher_void", "voucher_frozen",
         *_TERMINALS)  # fmt: skip
_CLAIM = (
    *_CODES,
    *_PLACES,
    "batch_unknown",
    "voucher_unknown",
    *_STATES,
    "voucher_already_issued",
    "customer_required",
    "customer_not_targeted",
    *_outcomes(Code.LIMIT_PER_CUSTOMER, Code.BUDGET_EXHAUSTED),
)
_REVERSE = (
    *_CODES,
    *_TERMINALS,
    "redemption_unknown",
    "voucher_unknown",
    "malformed_command",
    "already_reversed",
    "reversal_exceeds_use",
    "amount_not_allowed",
)

_ABOUT: dict[str, tuple[str, str, Any, Any, tuple[str, ...]]] = {
    "validate": (
        "试算：用这些券会怎样，哪些券适用，怎样组合最省",
        "What these vouchers would give, which apply, and which set saves most",
        m.ValidationRequest, ValidationAnswer, (*_CODES, *_PLACES),
    ),
    "redeem": (
        "核销：一笔订单上用一张或几张券，要么全成要么全不成",
        "Use vouchers on one order, all or none",
        m.RedemptionRequest, answers.RedemptionAnswer, _USE,
    ),
    "reverse": (
        "撤销核销：全部、部分金额或部分商品",
        "Undo a redemption: whole, an amount, or order lines",
        m.ReversalRequest, answers.ReversalAnswer, _REVERSE,
    ),
    "hold": (
        "预占：为订单保留券，到时自动释放",
        "Reserve vouchers for an order until a moment",
        m.HoldRequest, answers.HoldAnswer, _USE,
    ),
    "settle": (
        "核销一笔预占", "Redeem what a hold reserved",
        m.SettleRequest, answers.RedemptionAnswer, _HOLD,
    ),
    "release": (
        "释放一笔预占", "Give a hold back", m.ReleaseRequest, answers.DoneAnswer, _HOLD,
    ),
    "claim": (
        "领券：按批次从库存领，或按券码领", "A customer takes a voucher, from stock or by its code",
        m.ClaimRequest, answers.ClaimAnswer, _CLAIM,
    ),
    "look_up": (
        "查券：现在是什么状态，能不能用", "What a voucher is and may do now",
        m.LookupRequest, LookupAnswer, (*_CODES, "voucher_unknown", "customer_unknown"),
    ),
    "command": (
        "批量命令：最多 1000 条，逐条答复，同 link 的相邻命令共进退",
        "Up to 1,000 commands, one outcome each; linked neighbours stand or fall together",
        CommandsBody, CommandOutcomes, (),
    ),
}  # fmt: skip


def operations() -> list[Operation]:
    """Every operation of the hot lane."""
    return [_operation(route) for route in ROUTES]


def _operation(route: Route) -> Operation:
    summary_zh, summary_en, request, answer, problems = _ABOUT[route.name]
    example_request, example_answer = EXAMPLES[route.name]
    number = "hold" if route.path.startswith("holds") else "redemption"
    return Operation(
        name=route.name,
        method="POST",
        path=BASE + route.path.replace("{}", f"{{{number}}}"),
        summary_zh=summary_zh,
        summary_en=summary_en,
        permission=" | ".join(sorted(route.permissions)),
        request=request,
        answer=answer,
        example_request=example_request,
        example_answer=example_answer,
        problem_codes=(*(_EVERY_CHANGE if route.keyed else ()), *problems),
        changes=route.keyed,
        request_no=route.request_no,
    )
