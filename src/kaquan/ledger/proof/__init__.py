"""The parts of ``prove``: the chain, what records promise, and what the tables hold."""
