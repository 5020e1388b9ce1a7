"""Slips of paper vouchers that were used, typed in afterwards, bundle by bundle."""
