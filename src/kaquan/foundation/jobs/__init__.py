"""Long work as records: what was asked, how far it is, what came of it; run elsewhere."""
