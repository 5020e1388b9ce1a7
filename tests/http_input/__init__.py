"""HTTP as hostile and clumsy callers speak it. A package, so that one server serves all modules."""
