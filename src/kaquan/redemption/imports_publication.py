"""A file of customers who get a voucher each, under the name of a publication."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

from kaquan.engine.outcome_details import sentence
from kaquan.engine.outcomes import Outcome
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.imports import Column, Counts, ImportPlan, ImportRow, refusal
from kaquan.foundation.imports_cells import Reason
from kaquan.foundation.imports_problems import Problem
from kaquan.redemption.actions import ISSUE
from kaquan.redemption.imports_orders import CUSTOMER_UNKNOWN
from kaquan.redemption.models import Publication
from kaquan.redemption.publications import CUSTOMERS_MAX, Assignment, assign_to

CUSTOMER = Column(
    "customer_number",
    "会员号",
    cells.code(64),
    required=True,
    also=("customer", "number", "member", "客户编号"),
)


class PublicationImport:
    """One file for one publication; ``refused`` counts the refusals by their code."""

    def __init__(self, publication: Publication, *, at: datetime) -> None:
        self.publication = publication
        self.at = at
        self.refused: Counter[str] = Counter()

    @property
    def plan(self) -> ImportPlan:
        """For `run_import`."""
        return ImportPlan(
            kind="assignments",
            zh="发放名单",
            en="assignments",
            permission=ISSUE,
            columns=(CUSTOMER,),
            open_intake=self._open,
        )

    @contextmanager
    def _open(self, *, actor: Actor, commit: bool) -> Iterator[_Intake]:
        yield _Intake(self, actor=actor, commit=commit)


class _Intake:
    """See `kaquan.foundation.imports.Intake`. Vouchers are given as rows come, not at the end."""

    def __init__(self, source: PublicationImport, *, actor: Actor, commit: bool) -> None:
        self._source = source
        self._actor = actor
        self._commit = commit
        self._new = 0
        self._unchanged = 0

    def take(self, rows: list[ImportRow]) -> list[Problem]:
        problems: list[Problem] = []
        remaining = iter(rows)
        while some := list(islice(remaining, CUSTOMERS_MAX)):
            answers = assign_to(
                actor=self._actor,
                publication=self._source.publication,
                numbers=[row["customer_number"] for row in some],
                at=self._source.at,
                dry=not self._commit,
            )
            for row, answer in zip(some, answers, strict=True):
                if answer.done:
                    self._new += not answer.repeated
                    self._unchanged += answer.repeated
                else:
                    problems.append(self._problem(row, answer))
        return problems

    def check(self) -> Iterable[Problem]:
        return ()

    def count(self) -> Counts:
        return Counts(new=self._new, unchanged=self._unchanged)

    def commit(self) -> None:
        """All is booked already."""

    def _problem(self, row: ImportRow, answer: Assignment) -> Problem:
        reason = CUSTOMER_UNKNOWN if answer.outcome is None else _reason(answer.outcome)
        self._source.refused[reason.code] += 1
        return refusal(row["row_number"], CUSTOMER, row["customer_number"], reason)


def _reason(outcome: Outcome) -> Reason:
    return Reason(
        outcome.code.name.lower(),
        sentence(outcome.code, outcome.data, "zh"),
        sentence(outcome.code, outcome.data, "en"),
    )
