"""Who calls."""

import pytest

from kaquan.access.callers import Caller
from tests.builders.access import a_key, authenticate_as

pytestmark = pytest.mark.usefixtures("database")


def test_a_key_names_its_caller() -> None:
    made = a_key("redemption.redeem")

    caller = authenticate_as(made.authorization)

    assert isinstance(caller, Caller)
    assert caller.actor.permissions == {"redemption.redeem"}
    assert caller.client_id >= 101
