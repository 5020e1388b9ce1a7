"""What every rule is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from tools.lints.source import Finding, Source

Sample = Mapping[str, str]
"""A small repository: path to text."""


class Rule(ABC):
    """One rule. The docstring of a subclass tells the danger that it prevents."""

    name: ClassVar[str]
    good: ClassVar[Sequence[Sample]]
    bad: ClassVar[Sequence[Sample]]

    def check(self, sources: Sequence[Source]) -> Iterator[Finding]:
        for source in sources:
            if self.concerns(source):
                yield from self.inspect(source)

    @abstractmethod
    def concerns(self, source: Source) -> bool:
        """Whether this rule has anything to say about the file at all."""

    @abstractmethod
    def inspect(self, source: Source) -> Iterable[Finding]:
        """The breaches in one file that the rule concerns."""
