"""Who may call over HTTP, and how often."""
