"""Terms of issued vouchers may get better: every revision is kept, and the newest counts."""

from django.db import migrations

SQL = """
CREATE TABLE ledger_terms (
    terms bytea NOT NULL,
    batch_id int NOT NULL,
    number int NOT NULL CHECK (number > 0),
    offer_version_id int NOT NULL,
    shard smallint NOT NULL,
    PRIMARY KEY (batch_id, number, shard)
);
CREATE TRIGGER ledger_terms_only_grows BEFORE UPDATE OR DELETE ON ledger_terms
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_terms_is_never_emptied BEFORE TRUNCATE ON ledger_terms
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- Batches with their terms as they are now, and how often those were revised.
CREATE VIEW ledger_batch_now AS
SELECT b.batch_id, b.shard, b.budget_id, b.by_code, b.active,
    coalesce(t.number, 0) AS terms_version,
    coalesce(t.offer_version_id, b.offer_version_id) AS offer_version_id,
    coalesce(t.terms, b.terms) AS terms
FROM ledger_batch b LEFT JOIN LATERAL (
    SELECT number, offer_version_id, terms FROM ledger_terms
    WHERE batch_id = b.batch_id AND shard = b.shard ORDER BY number DESC LIMIT 1
) AS t ON true;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaquan_app') THEN
        REVOKE ALL ON ledger_terms, ledger_batch_now FROM kaquan_app;
        GRANT SELECT, INSERT ON ledger_terms TO kaquan_app;
        GRANT SELECT ON ledger_batch_now TO kaquan_app;
    END IF;
END $$;
"""
UNDO = "DROP VIEW ledger_batch_now; DROP TABLE ledger_terms"


class Migration(migrations.Migration):
    """Nothing that was booked before changes its meaning: a batch without revisions has the terms
    that it was opened with."""

    dependencies = [("ledger", "0006_paper_custody")]
    operations = [migrations.RunSQL(SQL, UNDO)]
