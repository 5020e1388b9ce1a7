"""The management API: everything that a back office does, over HTTP."""
