"""The hot lane: what tills wait for, as a small ASGI application beside Django."""
