"""Fingerprints of the keys that vouchers were made with."""

from django.db import migrations

SQL = """
CREATE TABLE issuer_key (
    key_id int NOT NULL,
    purpose text NOT NULL,
    fingerprint text NOT NULL,
    PRIMARY KEY (purpose, key_id)
);
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaquan_app') THEN
        REVOKE ALL ON issuer_key FROM kaquan_app;
        GRANT SELECT, INSERT ON issuer_key TO kaquan_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    """Creates the table that a start compares the key file with."""

    dependencies = [("ledger", "0001_books")]
    operations = [migrations.RunSQL(SQL, "DROP TABLE issuer_key")]
