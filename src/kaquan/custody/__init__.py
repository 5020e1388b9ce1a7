"""Paper vouchers in pieces: who has which, signed by both sides, and what became of the rest."""
