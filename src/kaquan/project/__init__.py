"""Settings, URLs and the server entry point; nobody imports it."""
