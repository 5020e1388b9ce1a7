"""Budgets (预算): funders and what they commit, spend and release."""
