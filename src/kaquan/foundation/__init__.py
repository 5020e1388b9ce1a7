"""The glue that every capability stands on: configuration, clock, ids, keys, audit."""
