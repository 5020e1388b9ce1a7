"""Better terms for vouchers that are out, over HTTP: compared, and handed in for approval."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kaquan.campaigns import better_terms
from kaquan.campaigns.keeping import PERMISSION
from kaquan.engine.terms_better import Difference
from kaquan.foundation import clock
from kaquan.surfaces.api.kit import Request, Routes
from kaquan.surfaces.api.offers import TERMS_EXAMPLE, TermsObject
from kaquan.surfaces.api.schemas import Answer, Body, Flag, PathNodeId

routes = Routes("better_terms", zh="改善规则", en="Better terms")

Reason = Annotated[str, Field(min_length=1, max_length=1_000)]


class BetterTermsBody(Body):
    """The terms as they should be, whole. `dry`: only compare."""

    terms: TermsObject
    reason: Reason
    dry: Flag = False


class DifferenceAnswer(Answer):
    """A field that differs. `better`: it may count for vouchers that are out; else
    `against_zh` and `against_en` say why not and what to do instead."""

    path: str
    label_zh: str
    label_en: str
    before_zh: str
    before_en: str
    after_zh: str
    after_en: str
    better: bool
    against_zh: str
    against_en: str


class BetterTermsAnswer(Answer):
    """What would change, and the request that somebody else decides on; none after a dry run."""

    differences: list[DifferenceAnswer]
    approval_id: int | None


@routes.post(
    "/batches/{batch_id}/better-terms",
    permission=PERMISSION,
    answer=BetterTermsAnswer,
    zh="改善已发券规则",
    en="Improve the terms of what is issued",
    about="Each field is compared with the terms of the vouchers that are out. Only where every "
    "one is better or equal is it handed in; a person must agree before it counts, for all "
    "vouchers of the batch at once.",
    example={"terms": TERMS_EXAMPLE, "reason": "让利于持券人", "dry": True},
    problems=("batch_unknown", "batch_planned", "terms_invalid", "terms_unchanged",
              "terms_not_better", "terms_unlawful", "terms_changed", "approval_open",
              "value_invalid"),
)  # fmt: skip
def improve_terms(
    request: Request, batch_id: PathNodeId, body: BetterTermsBody
) -> BetterTermsAnswer:
    """Compared, and asked for."""
    actor, at = request.call.actor, clock.now()
    compared = better_terms.compare(actor=actor, batch_id=batch_id, terms=body.terms, at=at)
    asked = None
    if not body.dry:
        asked = better_terms.ask_better_terms(
            actor=actor, batch_id=batch_id, terms=body.terms, reason=body.reason, at=at
        )
    return BetterTermsAnswer(
        differences=[_shown(one) for one in compared.differences],
        approval_id=None if asked is None else asked.pk,
    )


def _shown(one: Difference) -> DifferenceAnswer:
    return DifferenceAnswer(
        path=one.path,
        label_zh=one.label[0],
        label_en=one.label[1],
        before_zh=one.before[0],
        before_en=one.before[1],
        after_zh=one.now[0],
        after_en=one.now[1],
        better=one.is_better,
        against_zh=one.against[0],
        against_en=one.against[1],
    )
