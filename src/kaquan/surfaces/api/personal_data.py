"""What a customer may ask of whoever holds their data: to see all of it, to have it erased."""

from __future__ import annotations

from typing import Literal, cast

from kaquan.customers import erasing, queries
from kaquan.customers.actions import PERMISSION
from kaquan.customers.models import ErasureRequest
from kaquan.foundation import clock
from kaquan.redemption.personal_data import PersonalData
from kaquan.redemption.personal_data import personal_data as everything_held
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.schemas import Answer, Moment, ShortCode

routes = Routes("personal-data", zh="个人信息", en="Personal data")

State = Literal["requested", "done", "withdrawn"]
Kind = Literal["wechat", "alipay", "phone", "other"]


class VoucherHeld(Answer):
    """A voucher of the customer's, by its serial; the code itself is stored nowhere."""

    serial: int
    batch_id: int
    state: str
    balance_fen: int
    uses_left: int
    valid_from: Moment | None
    valid_until: Moment | None


class OrderHeld(Answer):
    """An order of the customer's."""

    order_no: str
    store: str
    ordered_at: Moment
    total_fen: int


class IdentityHeld(Answer):
    """What the customer is known by in another system."""

    kind: Kind
    value: str
    added_at: Moment


class ConsentHeld(Answer):
    """What the customer agreed to, or took back: when, where, and to which wording."""

    purpose: str
    given: bool
    at: Moment
    source: str
    text_version: str


class NoteHeld(Answer):
    """What somebody at work wrote about the customer."""

    at: Moment
    author: str
    text: str


class LookHeld(Answer):
    """Who saw what of the customer in full, and why."""

    at: Moment
    by: str
    field: str
    reason: str


class PersonalDataAnswer(Answer):
    """Everything held about a customer, in full; of consents, notes and looks the latest 200."""

    number: str
    name: str | None
    phone: str | None
    tags: list[str]
    organisation_id: int | None
    person_known_by: Literal["number", "phone", "document"]
    first_order_at: Moment | None
    merged_into: str | None
    merged_numbers: list[str]
    erased_at: Moment | None
    vouchers: list[VoucherHeld]
    orders: list[OrderHeld]
    joined_at: Moment
    birthday: str | None
    identities: list[IdentityHeld]
    consents: list[ConsentHeld]
    notes: list[NoteHeld]
    looks: list[LookHeld]


class ErasureAnswer(Answer):
    """A request to erase a customer. Once it is `done`, `customer` is a number that stands for
    nobody."""

    customer: str
    state: State
    requested_at: Moment
    requested_by: str
    ended_at: Moment | None
    ended_by: str


def _shown(request: ErasureRequest) -> ErasureAnswer:
    return ErasureAnswer(
        customer=request.customer.number,
        state=cast("State", str(request.state)),
        requested_at=request.requested_at,
        requested_by=request.requested_by,
        ended_at=request.ended_at,
        ended_by=request.ended_by,
    )


def _all_of(held: PersonalData) -> PersonalDataAnswer:
    customer = held.customer
    return PersonalDataAnswer(
        number=customer.number,
        name=customer.name,
        phone=customer.phone,
        tags=customer.tags,
        organisation_id=customer.organisation_id,
        person_known_by=("number", "phone", "document")[customer.person_basis],
        first_order_at=customer.first_order_at,
        merged_into=customer.merged_into.number if customer.merged_into else None,
        merged_numbers=list(held.merged_numbers),
        erased_at=customer.erased_at,
        vouchers=[
            VoucherHeld.model_validate(voucher._asdict() | {"state": voucher.state.name.lower()})
            for voucher in held.vouchers
        ],
        orders=[OrderHeld.model_validate(order._asdict()) for order in held.orders],
        joined_at=customer.joined_at,
        birthday=customer.birthday,
        identities=[
            IdentityHeld(kind=cast("Kind", one.kind), value=one.value, added_at=one.added_at)
            for one in held.identities
        ],
        consents=[
            ConsentHeld(purpose=one.purpose, given=one.given, at=one.at, source=one.source,
                        text_version=one.text_version)
            for one in held.consents
        ],
        notes=[NoteHeld(at=one.at, author=one.author, text=one.text) for one in held.notes],
        looks=[
            LookHeld(at=one.at, by=one.by, field=one.field, reason=one.reason)
            for one in held.looks
        ],
    )  # fmt: skip


@routes.get(
    "/customers/{customer}/personal-data",
    permission=queries.VIEW_PERSONAL,
    answer=PersonalDataAnswer,
    zh="导出客户的全部信息",
    en="Export everything held about a customer",
    about="For the customer's own right to see it (PIPL article 45); nothing is masked. That it "
    "was exported is kept with the looks at the customer.",
    problems=("customer_unknown", "personal_data_too_long"),
    cost=5,
)
def export_personal_data(request: Request, customer: ShortCode) -> PersonalDataAnswer:
    """Everything."""
    return _all_of(everything_held(actor=request.call.actor, number=customer))


@routes.get(
    "/customers/{customer}/erasure",
    permission=queries.VIEW,
    answer=ErasureAnswer,
    zh="查看删除申请",
    en="Get a customer's erasure request",
    problems=("customer_unknown", "erasure_unknown"),
)
def get_erasure(request: Request, customer: ShortCode) -> ErasureAnswer:
    """The latest request."""
    return _shown(queries.erasure_of(request.call.actor, customer))


@routes.post(
    "/customers/{customer}/erasure",
    permission=PERMISSION,
    answer=ErasureAnswer,
    status=201,
    zh="申请删除个人信息",
    en="Request that a customer be erased",
    about="Nothing is erased yet: `POST …/erasure/complete` does that, for good.",
    example={},
    problems=("customer_unknown", "customer_erased", "erasure_requested_already"),
)
def request_erasure(request: Request, customer: ShortCode) -> ErasureAnswer:
    """A request noted."""
    return _shown(
        erasing.request_erasure(actor=request.call.actor, number=customer, at=clock.now())
    )


@routes.post(
    "/customers/{customer}/erasure/withdraw",
    permission=PERMISSION,
    answer=ErasureAnswer,
    zh="撤回删除申请",
    en="Withdraw an erasure request",
    example={},
    problems=("customer_unknown", "erasure_unknown"),
)
def withdraw_erasure(request: Request, customer: ShortCode) -> ErasureAnswer:
    """A request taken back."""
    return _shown(
        erasing.withdraw_erasure(actor=request.call.actor, number=customer, at=clock.now())
    )


@routes.post(
    "/customers/{customer}/erasure/complete",
    permission=PERMISSION,
    answer=ErasureAnswer,
    zh="执行删除",
    en="Erase a customer, as requested",
    about="Name, phone, tags, number and the person made from them go, for good. The books stay: "
    "they hold ids and no personal data.",
    example={},
    problems=("customer_unknown", "erasure_unknown"),
)
def complete_erasure(request: Request, customer: ShortCode) -> ErasureAnswer:
    """A customer forgotten."""
    return _shown(erasing.erase_customer(actor=request.call.actor, number=customer, at=clock.now()))
