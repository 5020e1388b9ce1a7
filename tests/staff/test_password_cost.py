"""Guessing passwords from a stolen database is slow, however quick it is in these tests."""

from __future__ import annotations

from tests.quick_passwords import HashCost


def test_a_hash_costs_what_owasp_asks_for(real_hash_cost: HashCost) -> None:
    assert real_hash_cost == HashCost(memory_kib=46 * 1024, passes=2, lanes=1)
