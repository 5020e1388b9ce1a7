"""The number that tells a process that what it remembers of products is out of date."""

from django.db import migrations

SQL = """
CREATE TABLE offers_product_revision (
    id int PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    number bigint NOT NULL
);
INSERT INTO offers_product_revision (number) VALUES (0);

-- A transaction's id never comes again, so no memory takes another state for its own.
CREATE FUNCTION offers_move_product_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE offers_product_revision SET number = pg_current_xact_id()::text::bigint;
    RETURN NULL;
END $$;
CREATE TRIGGER offers_product_changed
    AFTER INSERT OR UPDATE OR DELETE ON offers_product
    FOR EACH STATEMENT EXECUTE FUNCTION offers_move_product_revision();
"""

UNDO = """
DROP TRIGGER offers_product_changed ON offers_product;
DROP FUNCTION offers_move_product_revision();
DROP TABLE offers_product_revision;
"""


class Migration(migrations.Migration):
    """Creates the number, and the trigger that moves it with each change of products."""

    dependencies = [("offers", "0001_initial")]
    operations = [migrations.RunSQL(SQL, UNDO)]
