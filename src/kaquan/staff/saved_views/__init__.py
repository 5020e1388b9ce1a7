"""Queries of lists that people keep under a name, for themselves or for their part of the tree."""
