"""Soak: the contests and crashes of the tests, at the size that a promise is made for."""
