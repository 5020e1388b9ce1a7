"""Offers, their versions and their terms, over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from ninja import Query
from pydantic import Field

from kaquan.budgets.queries import funder_names
from kaquan.campaigns import laws
from kaquan.engine.rules.explain import explain
from kaquan.engine.rules.faults import TermsFault
from kaquan.engine.rules.reading import terms_schema
from kaquan.engine.rules.terms import Terms
from kaquan.foundation import clock
from kaquan.foundation.actor import Actor
from kaquan.offers import actions, queries
from kaquan.offers.errors import terms_invalid
from kaquan.offers.models import Offer, OfferVersion
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.moments import ToldMoment
from kaquan.surfaces.api.pages import PageQuery, page, page_of
from kaquan.surfaces.api.schemas import (
    Answer,
    Body,
    Name,
    NodeId,
    PathNodeId,
    ShortCode,
)

routes = Routes("offers", zh="券模板", en="Offers")

VIEW = "offers.view"
TERMS_EXAMPLE = {
    "benefit": {"kind": "amount_off", "amount_fen": 2_000},
    "validity": {"range": {"kind": "after_claim", "days": 30}},
    "scope": {"order_minimum_fen": 10_000},
    "limits": [{"dimension": "customer", "at": "claim", "cap": 1}],
}

TermsObject = Annotated[
    dict[str, Any], Field(description="See `GET /terms/schema`; amounts in fen.")
]


class OfferAnswer(Answer):
    """An offer. What it promises is said by its versions."""

    id: int
    code: str
    name: str
    organisation_id: int | None


class VersionAnswer(Answer):
    """One wording of an offer's terms; once vouchers stand on it (`used`) it never changes."""

    id: int
    offer_id: int
    offer_code: str
    number: int
    used: bool
    published_at: ToldMoment
    terms: dict[str, Any]


class OfferBody(Body):
    """A new offer with its first version."""

    code: ShortCode
    name: Name
    terms: TermsObject
    organisation_id: NodeId | None = None


class VersionBody(Body):
    """The next wording of an offer's terms."""

    terms: TermsObject


class FaultAnswer(Answer):
    """One thing to mend, or to look at twice. `path` is dotted: `limits.0.cap`."""

    path: str
    zh: str
    en: str


class CheckAnswer(Answer):
    """What draft terms come to: every fault at once, and what has cost others dearly."""

    valid: bool
    faults: list[FaultAnswer]
    warnings: list[FaultAnswer]


class SentenceAnswer(Answer):
    """One rule in words; those that are `printed` are for the holder."""

    topic: str
    text: str
    printed: bool


class WordsAnswer(Answer):
    """Terms in words, in Chinese and English."""

    zh: list[SentenceAnswer]
    en: list[SentenceAnswer]


class SchemaAnswer(Answer):
    """The JSON Schema (2020-12) of terms."""

    document: dict[str, Any]


def shown(offer: Offer) -> OfferAnswer:
    """An offer as an answer."""
    return OfferAnswer(
        id=offer.id, code=offer.code, name=offer.name, organisation_id=offer.organisation_id
    )


def shown_version(version: OfferVersion) -> VersionAnswer:
    """A version as an answer."""
    return VersionAnswer(
        id=version.id,
        offer_id=version.offer_id,
        offer_code=version.offer.code,
        number=version.number,
        used=version.used,
        published_at=version.published_at,
        terms=version.terms,
    )


def _fault(fault: TermsFault) -> FaultAnswer:
    return FaultAnswer(path=fault.path, zh=fault.zh, en=fault.en)


def _words(actor: Actor, terms: Terms) -> WordsAnswer:
    funders = {f"funder:{funder_id}": name for funder_id, name in funder_names().items()}
    names = {**queries.names_in(actor, terms), **funders}

    def sentences(language: Literal["zh", "en"]) -> list[SentenceAnswer]:
        return [
            SentenceAnswer(topic=one.topic, text=one.text, printed=one.printed)
            for one in explain(terms, language, names)
        ]

    return WordsAnswer(zh=sentences("zh"), en=sentences("en"))


@routes.get(
    "/offers",
    permission=VIEW,
    answer=page_of(OfferAnswer),
    zh="列出券模板",
    en="List offers",
    problems=("cursor_invalid",),
)
def list_offers(request: Request, paging: Query[PageQuery]) -> dict[str, Any]:
    """The offers of the caller's part, in the order of their codes."""
    (after_code,) = paging.after(str) or ("",)
    rows = queries.offers(request.call.actor, after_code=after_code, limit=paging.rows)
    return page(rows, paging, key=lambda offer: (offer.code,), show=shown)


@routes.post(
    "/offers",
    permission=actions.PERMISSION,
    answer=VersionAnswer,
    status=201,
    zh="新建券模板",
    en="Create an offer",
    about="With its first version. Faulty terms are refused with every fault in the answer.",
    example={"code": "summer-20", "name": "满100减20", "terms": TERMS_EXAMPLE,
             "organisation_id": 1},
    problems=("offer_exists", "terms_invalid", "organisation_unknown"),
)  # fmt: skip
def create_offer(request: Request, body: OfferBody) -> VersionAnswer:
    """A new offer."""
    version = actions.create_offer(
        actor=request.call.actor,
        code=body.code,
        name=body.name,
        terms=body.terms,
        at=clock.now(),
        organisation_id=body.organisation_id,
    )
    return shown_version(version)


@routes.get(
    "/offers/{offer_id}",
    permission=VIEW,
    answer=OfferAnswer,
    zh="查看券模板",
    en="Get an offer",
    problems=("offer_unknown",),
)
def get_offer(request: Request, offer_id: PathNodeId) -> OfferAnswer:
    """One offer."""
    return shown(queries.offer_by_id(request.call.actor, offer_id))


@routes.get(
    "/offers/{offer_id}/versions",
    permission=VIEW,
    answer=page_of(VersionAnswer),
    zh="列出模板版本",
    en="List an offer's versions",
    problems=("offer_unknown", "cursor_invalid"),
)
def list_versions(
    request: Request, offer_id: PathNodeId, paging: Query[PageQuery]
) -> dict[str, Any]:
    """The versions of an offer, the newest first."""
    (before,) = paging.after(int) or (None,)
    rows = queries.versions(request.call.actor, offer_id, before_number=before, limit=paging.rows)
    return page(rows, paging, key=lambda version: (version.number,), show=shown_version)


@routes.post(
    "/offers/{offer_id}/versions",
    permission=actions.PERMISSION,
    answer=VersionAnswer,
    status=201,
    zh="发布新版本",
    en="Publish a version",
    about="Vouchers that are out keep the terms of their own version.",
    example={"terms": TERMS_EXAMPLE},
    problems=("offer_unknown", "terms_invalid"),
)
def publish_version(request: Request, offer_id: PathNodeId, body: VersionBody) -> VersionAnswer:
    """The next version."""
    version = actions.publish_version(
        actor=request.call.actor, offer_id=offer_id, terms=body.terms, at=clock.now()
    )
    return shown_version(version)


@routes.get(
    "/offer-versions/{version_id}",
    permission=VIEW,
    answer=VersionAnswer,
    zh="查看模板版本",
    en="Get a version",
    problems=("offer_unknown",),
)
def get_version(request: Request, version_id: PathNodeId) -> VersionAnswer:
    """One version, by the id that batches name."""
    return shown_version(queries.version_by_id(request.call.actor, version_id))


@routes.get(
    "/offer-versions/{version_id}/words",
    permission=VIEW,
    answer=WordsAnswer,
    zh="使用规则（文字）",
    en="A version's terms in words",
    problems=("offer_unknown",),
)
def explain_version(request: Request, version_id: PathNodeId) -> WordsAnswer:
    """What is printed for the holder, and what operators approve."""
    actor = request.call.actor
    return _words(actor, queries.terms_of(queries.version_by_id(actor, version_id)))


@routes.get(
    "/terms/schema",
    permission=VIEW,
    answer=SchemaAnswer,
    zh="条款的 JSON Schema",
    en="The JSON Schema of terms",
)
def get_terms_schema(request: Request) -> SchemaAnswer:  # noqa: ARG001
    """What terms may say."""
    return SchemaAnswer(document=terms_schema())


@routes.post(
    "/terms/check",
    permission=VIEW,
    answer=CheckAnswer,
    changes=False,
    zh="检查条款草稿",
    en="Check draft terms",
    about="Every fault at once; nothing is kept. Among the warnings is what mainland China's law "
    "on prepaid cards has against them: no batch of a campaign there can stand on such terms.",
    example={"terms": TERMS_EXAMPLE},
)
def check_terms(request: Request, body: VersionBody) -> CheckAnswer:  # noqa: ARG001
    """Draft terms judged."""
    check = queries.check_terms(body.terms)
    by_law = laws.told_of(check.terms) if check.terms is not None else []
    return CheckAnswer(
        valid=check.terms is not None,
        faults=[_fault(fault) for fault in check.faults],
        warnings=[_fault(fault) for fault in (*check.warnings, *by_law)],
    )


@routes.post(
    "/terms/words",
    permission=VIEW,
    answer=WordsAnswer,
    changes=False,
    zh="条款草稿转文字",
    en="Draft terms in words",
    example={"terms": TERMS_EXAMPLE},
    problems=("terms_invalid",),
)
def explain_terms(request: Request, body: VersionBody) -> WordsAnswer:
    """What would be printed."""
    check = queries.check_terms(msgspec.json.encode(body.terms))
    if check.terms is None:
        raise terms_invalid(check.faults)
    return _words(request.call.actor, check.terms)
