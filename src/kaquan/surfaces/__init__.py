"""How the world talks to Kaquan; no rules and no SQL of its own."""
