"""The Python client of Kaquan's HTTP API."""
