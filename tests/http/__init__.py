"""HTTP as hostile and clumsy callers speak it, to one server."""
