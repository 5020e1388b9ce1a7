"""Customers (顾客): profiles, tags and segments."""
