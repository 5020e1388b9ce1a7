"""Which event wakes which action: the only module that knows every capability."""
