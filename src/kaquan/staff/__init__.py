"""Who works here: accounts, roles, and what each may do in which part of the tree."""
