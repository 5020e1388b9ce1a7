"""What a batch's kind of offer means for the books, worked out once per version of its terms."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from kaquan.engine.rules.check import Rules
from kaquan.engine.rules.terms import CountCard, PrepaidCard, Terms

KINDS_KEPT = 4_096


class Kind(Struct, frozen=True):
    """How vouchers of some terms are kept.

    ``is_prepaid``: the balance is the holder's money; a use costs the issuer nothing.
    ``is_partial``: a cash voucher whose balance is an allowance, paid by the issuer like any
    discount. ``commits_fen``: what is set aside from a budget when one is issued.
    """

    terms: Terms
    is_prepaid: bool
    is_partial: bool
    is_count: bool
    is_reloadable: bool
    opening_balance_fen: int
    opening_uses: int
    commits_fen: int
    claim_has_limits: bool
    use_has_limits: bool

    @property
    def has_balance(self) -> bool:
        """Whether money on the voucher is used up bit by bit."""
        return self.is_prepaid or self.is_partial


@lru_cache(KINDS_KEPT)
def kind_of(rules: Rules) -> Kind:
    """The kind of a batch's compiled terms."""
    terms = rules.terms
    prepaid = isinstance(terms.benefit, PrepaidCard)
    commits = 0
    if terms.commit == "issue" and not prepaid:
        most = terms.maximum_cost_fen()
        assert most is not None, "terms that commit on issue have a highest cost"
        commits = most
    return Kind(
        terms=terms,
        is_prepaid=prepaid,
        is_partial=terms.has_balance and not prepaid,
        is_count=isinstance(terms.benefit, CountCard),
        is_reloadable=isinstance(terms.benefit, PrepaidCard) and terms.benefit.reloadable,
        # A card carries nothing until it is sold or given.
        opening_balance_fen=0 if prepaid else terms.opening_balance_fen,
        opening_uses=terms.opening_uses,
        commits_fen=commits,
        claim_has_limits=bool(rules.limits_at("claim")),
        use_has_limits=bool(rules.limits_at("redeem") or rules.capped_funders),
    )
