"""How long a guessable code must be, and the refusal of pools that are too weak.

Whoever guesses R codes a second for T seconds, against N live codes out of S possible ones, hits
N·R·T/S of them on average; the chance of even one hit is below that. So a pool is strong enough
when S ≥ N·R·T/ε for the accepted chance ε, in bits: log₂S ≥ log₂N + log₂R + log₂T + log₂(1/ε).
Our own codes carry a tag, where a guess must hit the one of its serial: for them N is 1, S is 2⁵⁷.

Comparisons are of whole numbers. Bits are for people, as thousandths, rounded down.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Final

from msgspec import Struct

from kaquan.engine.codes import POOL_CODE_MAXIMUM

YEAR_S: Final = 31_557_600  # 365¼ days


class Threat(Struct, frozen=True, kw_only=True):
    """Who may guess how much. ``guesses_per_s`` is what gets through after all limiters."""

    live_codes: int
    guesses_per_s: int = 10
    duration_s: int = YEAR_S
    accepted_one_in: int = 1_000_000

    def __post_init__(self) -> None:
        if min(self.live_codes, self.guesses_per_s, self.duration_s, self.accepted_one_in) < 1:
            raise ValueError("every number of a threat must be at least 1")

    @property
    def required_space(self) -> int:
        """The number of possible codes at which the chance of one hit falls to what is accepted."""
        return self.live_codes * self.guesses_per_s * self.duration_s * self.accepted_one_in


class PoolShape(Struct, frozen=True):
    """What a pool of codes shows: how many, over how many characters, within how large a space."""

    count: int
    alphabet_size: int
    space: int


class StrengthVerdict(Struct, frozen=True):
    """Whether a pool may be used. ``accepted_weak``: too weak, but let in by an explicit decision.

    ``minimum_length`` is what random codes over the same alphabet would need; ``None`` where no
    length helps because there is only one character.
    """

    ok: bool
    accepted_weak: bool
    millibits: int
    required_millibits: int
    minimum_length: int | None
    zh: str
    en: str


def millibits_of(space: int) -> int:
    """log₂ of ``space`` in thousandths of a bit, rounded down, exactly."""
    if space < 1:
        raise ValueError("a space has at least one code")
    # ⌊1000·log₂ s⌋ = ⌊log₂ s¹⁰⁰⁰⌋, and a bit length is an exact ⌊log₂⌋ + 1.
    return (space**1000).bit_length() - 1


def required_millibits(threat: Threat) -> int:
    """The bits that random codes need against ``threat``, in thousandths."""
    return millibits_of(threat.required_space)


def random_code_space(length: int, alphabet_size: int) -> int:
    """How many codes of ``length`` random characters there are."""
    if not 1 <= length <= POOL_CODE_MAXIMUM or alphabet_size < 1:
        raise ValueError(f"a code has 1 to {POOL_CODE_MAXIMUM} characters of an alphabet")
    space: int = alphabet_size**length
    return space


def minimum_length(threat: Threat, alphabet_size: int) -> int | None:
    """The least length of random codes that withstands ``threat``; ``None`` if none can."""
    if alphabet_size < 2:
        return None
    length, space = 1, alphabet_size
    while space < threat.required_space:
        length, space = length + 1, space * alphabet_size
    return length


class PoolObserver:
    """Watches folded codes made elsewhere go by, in constant memory.

    For each length, the space is the product of how many different characters each place was seen
    to have. So a common prefix adds nothing and counted-up numbers look as small as they are. It is
    the most that the codes can be worth: characters that depend on each other are not noticed.
    """

    def __init__(self) -> None:
        self._places_of_length: dict[int, list[set[str]]] = {}
        self._count = 0

    def see(self, code: str) -> None:
        """Take the next code."""
        self._count += 1
        if len(code) not in self._places_of_length:
            self._places_of_length[len(code)] = [set() for _ in code]
        for seen, character in zip(self._places_of_length[len(code)], code, strict=True):
            seen.add(character)

    def shape(self) -> PoolShape:
        """What the codes so far have shown."""
        alphabet: set[str] = set()
        space = 0
        for places in self._places_of_length.values():
            alphabet.update(*places)
            space += prod(len(seen) for seen in places)
        return PoolShape(self._count, len(alphabet), space)


def observe_pool(codes: Iterable[str]) -> PoolShape:
    """The shape of folded codes made elsewhere; see `PoolObserver`."""
    observer = PoolObserver()
    for code in codes:
        observer.see(code)
    return observer.shape()


def check_pool_strength(
    *, space: int, alphabet_size: int, threat: Threat, accept_weak: bool = False
) -> StrengthVerdict:
    """Whether codes out of ``space`` possible ones withstand ``threat``, with what to do if not.

    ``space`` is ``random_code_space(…)`` of a generator, or what ``observe_pool`` saw.
    """
    strong = space >= threat.required_space
    length = minimum_length(threat, alphabet_size)
    millibits = millibits_of(max(space, 1))
    zh, en = _strong(millibits, threat) if strong else _weak(millibits, threat, length, accept_weak)
    return StrengthVerdict(
        ok=strong or accept_weak,
        accepted_weak=accept_weak and not strong,
        millibits=millibits,
        required_millibits=required_millibits(threat),
        minimum_length=length,
        zh=zh,
        en=en,
    )


def _strong(millibits: int, threat: Threat) -> tuple[str, str]:
    has, needs = _has_and_needs(millibits, threat)
    return (
        f"券码强度足够：{has} 位，需要 {needs} 位。",
        f"Strong enough: {has} bits of {needs} needed.",
    )


def _weak(millibits: int, threat: Threat, length: int | None, accept_weak: bool) -> tuple[str, str]:
    has, needs = _has_and_needs(millibits, threat)
    zh = (
        f"券码太弱：只有 {has} 位；有效券 {threat.live_codes:,} 张、"
        f"每秒猜测 {threat.guesses_per_s:,} 次时需要 {needs} 位。"
    )
    en = (
        f"Too weak: {has} bits. {threat.live_codes:,} live codes and "
        f"{threat.guesses_per_s:,} guesses a second need {needs}."
    )
    if accept_weak:
        return (
            f"{zh}已按明确决定接受，请限额并监控。",
            f"{en} Accepted on purpose: limit and watch it.",
        )
    if length is None:
        return f"{zh}请改用随机券码。", f"{en} Use random codes."
    return (
        f"{zh}同样字符的随机券码至少要 {length} 个字符。",
        f"{en} Random codes over the same characters need at least {length} of them.",
    )


def _has_and_needs(millibits: int, threat: Threat) -> tuple[str, str]:
    """Bits to one decimal, what there is rounded down and what is needed rounded up."""
    has, needs = millibits // 100, -(-required_millibits(threat) // 100)
    return f"{has // 10}.{has % 10}", f"{needs // 10}.{needs % 10}"
