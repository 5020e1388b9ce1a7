"""Faults under load over HTTP: databases and servers lost, two servers, guesses at codes."""
