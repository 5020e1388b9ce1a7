"""A package, so that one server serves all of its modules and ends with the last of them."""
