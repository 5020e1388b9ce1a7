-- The chain of changes. A change takes its place when its transaction commits, so that two
-- transactions wait for each other only then, and the order of the chain is that of the commits.
CREATE TABLE changes_head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    seq bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
INSERT INTO changes_head (seq, hash) VALUES (0, sha256('kaquan changes'));

-- The function acts as the schema's owner: the application itself cannot write the chain.
CREATE FUNCTION changes_append() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    head changes_head%ROWTYPE;
BEGIN
    SELECT * INTO STRICT head FROM changes_head FOR UPDATE;
    head.seq := head.seq + 1;
    head.hash := sha256(head.hash || convert_to({payload}, 'UTF8'));
    UPDATE changes_head SET seq = head.seq, hash = head.hash;
    INSERT INTO changes_link (seq, change_id, hash) VALUES (head.seq, NEW.id, head.hash);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER changes_change_is_chained AFTER INSERT ON changes_change
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION changes_append();

CREATE FUNCTION changes_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '变更记录只增不改：% 不允许 %。The change log only grows: % on % is refused.',
        TG_TABLE_NAME, TG_OP, TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
DO $$
DECLARE
    name text;
BEGIN
    -- Temporary tables last: else a session's own changes_head would be taken for ours.
    EXECUTE format('ALTER FUNCTION changes_append() SET search_path = %I, pg_temp', current_schema());
    FOREACH name IN ARRAY ARRAY['changes_change', 'changes_link'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION changes_refuse()',
            name || '_only_grows', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION changes_refuse()',
            name || '_is_never_emptied', name);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaquan_app') THEN
        REVOKE ALL ON changes_change, changes_link, changes_head FROM kaquan_app;
        GRANT SELECT, INSERT ON changes_change TO kaquan_app;
        GRANT SELECT ON changes_link, changes_head TO kaquan_app;
    END IF;
END $$;
