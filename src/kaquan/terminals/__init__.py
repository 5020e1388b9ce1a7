"""Terminals at work: registered devices, the clerks at them, and what they did there."""
