"""The command line: ``kaquan``."""
