"""The pure engine: what may happen to a voucher, a limit or money, decided without I/O, clock or
randomness."""
