"""The number that tells a process that its copy of the keys is out of date."""

from django.db import migrations

SQL = """
CREATE TABLE access_revision (
    id int PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    number bigint NOT NULL
);
INSERT INTO access_revision (number) VALUES (0);

-- A transaction's id never comes again, so no copy takes another state for its own.
CREATE FUNCTION access_move_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE access_revision SET number = pg_current_xact_id()::text::bigint;
    RETURN NULL;
END $$;
CREATE TRIGGER access_key_changed
    AFTER INSERT OR UPDATE OR DELETE ON access_key
    FOR EACH STATEMENT EXECUTE FUNCTION access_move_revision();
CREATE TRIGGER access_client_changed
    AFTER UPDATE OR DELETE ON access_client
    FOR EACH STATEMENT EXECUTE FUNCTION access_move_revision();
-- A key's part of the tree moves with the tree.
CREATE TRIGGER access_tree_changed
    AFTER UPDATE OF path ON organisations_organisation
    FOR EACH STATEMENT EXECUTE FUNCTION access_move_revision();

-- The ids below are the installation's own request-key namespaces: 0 ours, 1 the command line's.
ALTER TABLE access_client ALTER COLUMN id RESTART WITH 101;
"""

UNDO = """
DROP TRIGGER access_tree_changed ON organisations_organisation;
DROP TRIGGER access_client_changed ON access_client;
DROP TRIGGER access_key_changed ON access_key;
DROP FUNCTION access_move_revision();
DROP TABLE access_revision;
"""


class Migration(migrations.Migration):
    """Creates the number, and the triggers that move it with each change of what callers may do."""

    dependencies = [("access", "0001_initial"), ("organisations", "0001_initial")]
    operations = [migrations.RunSQL(SQL, UNDO)]
