"""Actors hold permissions; asking is explicit."""

from dataclasses import replace

import pytest

from kaquan.foundation.actor import Actor, ActorKind, require, system_actor
from kaquan.foundation.errors import ExitCode, KaquanError

CLERK = Actor(ActorKind.CLERK, "7", "李店员", frozenset({"voucher.redeem"}), "/1/2/")


def test_a_held_permission_passes_and_another_one_is_refused_by_name() -> None:
    require(CLERK, "voucher.redeem")

    with pytest.raises(KaquanError) as refused:
        require(CLERK, "code.reveal")

    assert refused.value.code == "permission_denied"
    assert refused.value.exit_code == ExitCode.PERMISSION_DENIED
    assert "李店员" in refused.value.zh
    assert "code.reveal" in refused.value.en


def test_the_system_may_do_everything_and_a_permission_is_no_pattern() -> None:
    require(system_actor("demo"), "anything.at.all")

    with pytest.raises(KaquanError):
        require(replace(CLERK, permissions=frozenset({"voucher.*"})), "voucher.redeem")
