"""Vouchers that a till takes without a network: signed codes, what it may take, what it did."""
