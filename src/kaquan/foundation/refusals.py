"""The ledger's refusals as errors, for actions that are of no use without their command."""

from collections.abc import Sequence

from kaquan.engine.outcome_details import sentence
from kaquan.engine.outcomes import Outcome, OutcomeCode
from kaquan.foundation.errors import KaquanError

INTERNAL_CLIENT = 0
"""The client id in the request keys of our own actions; others' begin at 1."""

_UNSURE = (OutcomeCode.BUSY, OutcomeCode.UNAVAILABLE)


class RefusedError(KaquanError):
    """A refusal of the ledger as an error; ``outcome`` has the numbers behind the sentence."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(
            outcome.code.name.lower(),
            zh=sentence(outcome.code, outcome.data, "zh"),
            en=sentence(outcome.code, outcome.data, "en"),
        )
        self.outcome = outcome


def surely_refused(outcomes: Sequence[Outcome]) -> bool:
    """Whether something was refused and nothing can have happened all the same."""
    return any(not outcome.done for outcome in outcomes) and not any(
        outcome.code in _UNSURE for outcome in outcomes
    )


def raise_if_refused(outcomes: Sequence[Outcome]) -> None:
    """Raise the first refusal of linked commands, the one that broke the link."""
    for outcome in outcomes:
        if not outcome.done and outcome.code is not OutcomeCode.LINKED_COMMAND_FAILED:
            raise RefusedError(outcome)
