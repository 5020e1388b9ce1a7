-- The ledger's tables. Written only by the door; amounts are integer fen.
-- Every key has the shard in it (docs/decisions/0008). Wide columns first: rows pack without holes.

CREATE TABLE ledger_batch (
    terms bytea NOT NULL,
    batch_id int NOT NULL,
    offer_version_id int NOT NULL,
    budget_id int NOT NULL,
    shard smallint NOT NULL,
    by_code boolean NOT NULL,
    active boolean NOT NULL,
    PRIMARY KEY (batch_id, shard)
);

-- What must stop things at once: one slice a batch until a cluster needs more.
CREATE TABLE ledger_slice (
    minted bigint NOT NULL CHECK (minted >= 0),
    stock_left bigint NOT NULL CHECK (stock_left >= 0),
    batch_id int NOT NULL,
    custody_version int NOT NULL,
    shard smallint NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'paused', 'stopped')),
    cursor int[] NOT NULL,
    PRIMARY KEY (batch_id, shard)
) WITH (fillfactor = 50);

CREATE TABLE ledger_custody (
    first_serial bigint NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    batch_id int NOT NULL,
    organisation_id int NOT NULL,
    shard smallint NOT NULL,
    active boolean NOT NULL,
    PRIMARY KEY (first_serial, shard)
);
CREATE INDEX ledger_custody_batch ON ledger_custody (batch_id);

CREATE TABLE ledger_serial (
    next_serial bigint NOT NULL CHECK (next_serial BETWEEN 0 AND 274877906944),
    shard smallint NOT NULL,
    PRIMARY KEY (shard)
);

-- Born when something first happens to a voucher. NULL is "none": it costs nothing on the many rows
-- that never have it.
CREATE TABLE ledger_voucher (
    serial bigint NOT NULL,
    last_block bigint NOT NULL,
    customer_id bigint CHECK (customer_id > 0),
    balance_fen bigint CHECK (balance_fen >= 0),
    committed_fen bigint CHECK (committed_fen >= 0),
    valid_from timestamptz,
    valid_until timestamptz,
    batch_id int NOT NULL,
    version int NOT NULL CHECK (version > 0),
    shard smallint NOT NULL,
    last_index smallint NOT NULL,
    uses_left smallint NOT NULL CHECK (uses_left >= 0),
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 7),
    holds smallint CHECK (holds >= 0),
    PRIMARY KEY (serial, shard)
);

CREATE TABLE ledger_budget (
    total_fen bigint NOT NULL,
    available_fen bigint NOT NULL CHECK (available_fen >= 0),
    committed_fen bigint NOT NULL CHECK (committed_fen >= 0),
    spent_fen bigint NOT NULL CHECK (spent_fen >= 0),
    released_fen bigint NOT NULL CHECK (released_fen >= 0),
    budget_id int NOT NULL,
    shard smallint NOT NULL,
    PRIMARY KEY (budget_id, shard),
    CHECK (total_fen = available_fen + committed_fen + spent_fen + released_fen)
) WITH (fillfactor = 50);

CREATE TABLE ledger_limit (
    subject_id bigint NOT NULL,
    used bigint NOT NULL,
    cap bigint NOT NULL,
    batch_id int NOT NULL,
    day int NOT NULL,
    shard smallint NOT NULL,
    dimension smallint NOT NULL,
    unit smallint NOT NULL,
    moment smallint NOT NULL,
    PRIMARY KEY (subject_id, batch_id, day, shard, dimension, unit, moment),
    CHECK (used BETWEEN 0 AND cap)
) WITH (fillfactor = 90);

CREATE TABLE ledger_hold (
    hold_block bigint NOT NULL,
    serial bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    hold_index smallint NOT NULL,
    shard smallint NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'redeemed', 'released', 'expired')),
    PRIMARY KEY (serial, hold_block, hold_index, shard)
);
CREATE INDEX ledger_hold_active ON ledger_hold (expires_at) WHERE state = 'active';

CREATE TABLE ledger_reversed (
    redemption_block bigint NOT NULL,
    serial bigint NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    uses int NOT NULL CHECK (uses >= 0),
    redemption_index smallint NOT NULL,
    shard smallint NOT NULL,
    by_line int[] NOT NULL,
    PRIMARY KEY (serial, redemption_block, redemption_index, shard)
);

-- Request keys are kept for ever: 96 bits of a keyed name's hash, and where the answer stands.
CREATE TABLE ledger_request (
    key_high bigint NOT NULL,
    block bigint NOT NULL,
    key_low int NOT NULL,
    shard smallint NOT NULL,
    index smallint NOT NULL,
    PRIMARY KEY (key_high, key_low, shard)
);

-- The head of each lane; its row is locked while a block is added, so a lane has no gaps.
CREATE TABLE ledger_lane (
    last_block bigint NOT NULL,
    lane int NOT NULL,
    shard smallint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (lane, shard)
) WITH (fillfactor = 50);

CREATE TABLE ledger_block (
    block bigint NOT NULL,
    committed_at timestamptz NOT NULL,
    entry_count int NOT NULL,
    record_count int NOT NULL,
    shard smallint NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (block, shard)
);
-- The body is compressed already.
ALTER TABLE ledger_block ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE ledger_entry (
    block bigint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    debit_id bigint NOT NULL,
    credit_id bigint NOT NULL,
    at timestamptz NOT NULL,
    serial bigint,
    reverses_block bigint,
    version int,
    batch_id int,
    funder_id int,
    index int NOT NULL,
    shard smallint NOT NULL,
    operation smallint NOT NULL,
    unit smallint NOT NULL,
    debit smallint NOT NULL,
    credit smallint NOT NULL,
    reverses_index smallint,
    PRIMARY KEY (block, index, shard) WITH (fillfactor = 100)
);

-- Where each consumer of the block stream has got to.
CREATE TABLE ledger_cursor (
    last_block bigint NOT NULL,
    lane int NOT NULL,
    shard smallint NOT NULL,
    consumer text NOT NULL,
    PRIMARY KEY (consumer, lane, shard)
) WITH (fillfactor = 50);

-- Codes made elsewhere, as keyed hashes.
CREATE TABLE ledger_pool_code (
    serial bigint NOT NULL,
    batch_id int NOT NULL,
    shard smallint NOT NULL,
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 16),
    PRIMARY KEY (code_hash, shard)
);

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '账本只增不改：% 不允许 %。The ledger only grows: % on % is refused.',
        TG_TABLE_NAME, TG_OP, TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ledger_entry', 'ledger_block', 'ledger_request', 'ledger_batch', 'ledger_pool_code'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()',
            name || '_only_grows', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()',
            name || '_is_never_emptied', name);
    END LOOP;
END $$;

-- The application's role may add to the books and read them; only balances and limits move in place.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaquan_app') THEN
        REVOKE ALL ON ledger_batch, ledger_block, ledger_entry, ledger_request, ledger_pool_code FROM kaquan_app;
        REVOKE ALL ON ledger_slice, ledger_custody, ledger_serial, ledger_voucher, ledger_budget, ledger_limit,
            ledger_hold, ledger_reversed, ledger_lane, ledger_cursor FROM kaquan_app;
        GRANT SELECT, INSERT ON ledger_batch, ledger_block, ledger_entry, ledger_request, ledger_pool_code
            TO kaquan_app;
        GRANT SELECT, INSERT, UPDATE ON ledger_slice, ledger_custody, ledger_serial, ledger_voucher,
            ledger_budget, ledger_limit, ledger_hold, ledger_reversed, ledger_lane, ledger_cursor TO kaquan_app;
    END IF;
END $$;

-- Serials begin at 64, the first full run of buckets; 60 is SHARD_KEYS_64[0], the shard of batch-wide rows.
INSERT INTO ledger_serial (shard, next_serial) VALUES (60, 64);
