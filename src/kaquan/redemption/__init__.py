"""Redemption (核销): gathers the facts of an order and hands the command to the door."""
