"""Other people's files that our pages need; fetched here, committed, checked by a test."""
