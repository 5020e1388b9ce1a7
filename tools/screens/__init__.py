"""The console in a real Chromium: for tests, and for pictures of every screen."""
