"""Who pays for a use: fixed parts, then those who pay until a cap, then shares of the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kaquan.engine.money import BASIS_POINTS, allocate
from kaquan.engine.rules.terms import FirstToCap, FixedPart, Percent, Remainder, Share

Split = Callable[[int, Mapping[int, int]], list[tuple[int, int]]]

ISSUER = 0


def capped_funders(shares: tuple[Share, ...]) -> dict[int, int]:
    """Funders who pay until a total is reached, with that total in fen."""
    return {share.funder_id: share.cap_fen for share in shares if isinstance(share, FirstToCap)}


def sole_funder(shares: tuple[Share, ...]) -> int | None:
    """Who bears all of any cost; None where several may."""
    if len(shares) > 1 or (shares and isinstance(shares[0], FirstToCap)):
        return None
    return shares[0].funder_id if shares else ISSUER


def compile_funding(shares: tuple[Share, ...]) -> Split:
    """``(cost_fen, funded_so_far) -> [(funder_id, fen), …]``: sums to the cost, no zero parts.

    ``funded_so_far`` says what each capped funder has paid already under these terms.
    """
    funder = sole_funder(shares)
    if funder is not None:
        return lambda cost_fen, _so_far: [(funder, cost_fen)] if cost_fen else []
    fixed = [(one.funder_id, one.amount_fen) for one in shares if isinstance(one, FixedPart)]
    fixed_fen = sum(amount for _, amount in fixed)
    capped = list(capped_funders(shares).items())
    points = [(one.funder_id, one.basis_points) for one in shares if isinstance(one, Percent)]
    unnamed = BASIS_POINTS - sum(weight for _, weight in points)
    points += [(one.funder_id, unnamed) for one in shares if isinstance(one, Remainder)]
    funders, weights = [funder for funder, _ in points], [weight for _, weight in points]

    def split(cost_fen: int, funded_so_far: Mapping[int, int]) -> list[tuple[int, int]]:
        if cost_fen <= fixed_fen:
            parts = zip(fixed, allocate(cost_fen, [amount for _, amount in fixed]), strict=True)
            return [(funder, part) for (funder, _), part in parts if part]
        paid, left = list(fixed), cost_fen - fixed_fen
        for funder, cap in capped:
            part = min(left, max(cap - funded_so_far.get(funder, 0), 0))
            if part:
                paid.append((funder, part))
                left -= part
        if left and len(funders) == 1:
            paid.append((funders[0], left))
        elif left:
            rest = zip(funders, allocate(left, weights), strict=True)
            paid += [(funder, part) for funder, part in rest if part]
        assert sum([part for _, part in paid]) == cost_fen, (cost_fen, paid)
        return paid

    return split
