"""Every scenario of ``scenarios/``: what is asked, answered and booked."""

import pytest

from tests.engine.scenario import Scenario, scenarios

SCENARIOS = list(scenarios())


@pytest.mark.parametrize(
    "body", [body for _, body in SCENARIOS], ids=[name for name, _ in SCENARIOS]
)
def test_it_happens_as_the_scenario_says(body: str) -> None:
    Scenario().run(body)
