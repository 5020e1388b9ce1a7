"""PostgreSQL for Kaquan: the embedded server, the roles, and what start-up refuses.

`sessions.running_database` is the way in: it gives the URLs of a database that runs, is prepared
and is safe, embedded or external.
"""
