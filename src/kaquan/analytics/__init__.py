"""Counters fed by the tail, and the figures that pages show; nothing here decides anything."""
