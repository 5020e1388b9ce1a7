"""Something to look at: a made-up national chain, gentle traffic, and a real retailer's year."""
