"""What every test may use: a real PostgreSQL, started once for all workers."""

pytest_plugins = ["tests.fixtures_database", "tests.fixtures_cluster", "tests.fixtures_ledger"]
