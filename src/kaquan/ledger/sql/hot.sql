-- hot: every statement of the door, in the subset that one PostgreSQL and Citus both take to one node.
-- "{lock}" becomes the row lock, or nothing on a dry run.

-- name: requests
-- Answers already given. All keys lie in one shard, so that one name has one effect whatever it is
-- about.
SELECT key_high, key_low, block, index
FROM ledger_request
WHERE shard = any(%(shards)s::smallint[]) AND key_high = any(%(key_highs)s::bigint[]);

-- name: vouchers
SELECT serial, shard, batch_id, state, customer_id, balance_fen, uses_left, committed_fen,
    valid_from, valid_until, holds, version, last_block, last_index, hand
FROM ledger_voucher
WHERE shard = any(%(shards)s::smallint[]) AND serial = any(%(serials)s::bigint[])
ORDER BY serial {lock};

-- Uses of a batch lock its slice FOR KEY SHARE, which lets them go side by side and lets a pause write
-- and commit. Then it waits, FOR UPDATE, for the uses that were under way (slices_to_await). Newcomers
-- see that it does not run and lock nothing: with FOR SHARE they kept a pause waiting for ever.

-- name: slices_to_change
SELECT batch_id, shard, state, minted, stock_left, custody_version, cursor
FROM ledger_slice
WHERE shard = any(%(shards)s::smallint[]) AND batch_id = any(%(batch_ids)s::int[])
ORDER BY batch_id {change};

-- name: slices_to_read
SELECT batch_id, shard, state, minted, stock_left, custody_version, cursor
FROM ledger_slice
WHERE shard = any(%(shards)s::smallint[]) AND batch_id = any(%(batch_ids)s::int[]) AND state = 'running'
ORDER BY batch_id {use};

-- name: slices_at_rest
SELECT batch_id, shard, state, minted, stock_left, custody_version, cursor
FROM ledger_slice
WHERE shard = any(%(shards)s::smallint[]) AND batch_id = any(%(batch_ids)s::int[]) AND state <> 'running';

-- name: slices_to_await
SELECT batch_id
FROM ledger_slice
WHERE shard = any(%(shards)s::smallint[]) AND batch_id = any(%(batch_ids)s::int[])
ORDER BY batch_id {lock};

-- name: limits
SELECT l.shard, l.batch_id, l.dimension, l.subject_id, l.day, l.unit, l.moment, l.used, l.cap
FROM ledger_limit l
JOIN unnest(%(subject_ids)s::bigint[], %(batch_ids)s::int[], %(days)s::int[], %(dimensions)s::smallint[],
    %(units)s::smallint[], %(moments)s::smallint[])
    AS k (subject_id, batch_id, day, dimension, unit, moment)
    USING (subject_id, batch_id, day, dimension, unit, moment)
WHERE l.shard = any(%(shards)s::smallint[])
ORDER BY l.subject_id, l.batch_id, l.day, l.dimension, l.unit, l.moment {lock_l};

-- name: budgets
SELECT budget_id, shard, total_fen, available_fen, committed_fen, spent_fen, released_fen
FROM ledger_budget
WHERE shard = any(%(shards)s::smallint[]) AND budget_id = any(%(budget_ids)s::int[])
ORDER BY budget_id {lock};

-- name: holds
SELECT shard, hold_block, hold_index, serial, expires_at, state
FROM ledger_hold
WHERE shard = any(%(shards)s::smallint[]) AND serial = any(%(serials)s::bigint[])
ORDER BY serial, hold_block, hold_index {lock};

-- name: reversed
SELECT shard, redemption_block, redemption_index, serial, amount_fen, uses, by_line
FROM ledger_reversed
WHERE shard = any(%(shards)s::smallint[]) AND serial = any(%(serials)s::bigint[])
    AND redemption_block = any(%(blocks)s::bigint[])
ORDER BY serial, redemption_block, redemption_index {lock};

-- name: custody
SELECT shard, batch_id, first_serial, quantity, active, organisation_id, piece, hand_out_first
FROM ledger_custody
WHERE shard = any(%(shards)s::smallint[]) AND batch_id = any(%(batch_ids)s::int[])
ORDER BY first_serial {lock};

-- name: next_serial
SELECT next_serial FROM ledger_serial WHERE shard = any(%(shards)s::smallint[]) {lock};

-- name: lane
SELECT last_block, hash FROM ledger_lane WHERE shard = any(%(shards)s::smallint[]) AND lane = %(lane)s {lock};

-- name: bodies
SELECT block, body FROM ledger_block WHERE shard = any(%(shards)s::smallint[]) AND block = any(%(blocks)s::bigint[]);

-- name: update_vouchers
UPDATE ledger_voucher v
SET state = c.state, customer_id = c.customer_id, balance_fen = c.balance_fen, uses_left = c.uses_left,
    committed_fen = c.committed_fen, valid_from = c.valid_from, valid_until = c.valid_until,
    holds = c.holds, version = c.version, last_block = c.last_block, last_index = c.last_index
FROM unnest(%(serials)s::bigint[], %(states)s::smallint[], %(customer_ids)s::bigint[], %(balances)s::bigint[],
    %(uses)s::smallint[], %(committed)s::bigint[], %(valid_froms)s::timestamptz[],
    %(valid_untils)s::timestamptz[], %(holds)s::smallint[], %(versions)s::int[], %(blocks)s::bigint[],
    %(indexes)s::smallint[])
    AS c (serial, state, customer_id, balance_fen, uses_left, committed_fen, valid_from, valid_until, holds,
        version, last_block, last_index)
WHERE v.shard = any(%(shards)s::smallint[]) AND v.serial = c.serial;

-- name: pass_on_vouchers
UPDATE ledger_voucher v
SET hand = c.hand
FROM unnest(%(serials)s::bigint[], %(hands)s::smallint[]) AS c (serial, hand)
WHERE v.shard = any(%(shards)s::smallint[]) AND v.serial = c.serial;

-- name: update_slice
UPDATE ledger_slice s
SET state = %(state)s, minted = %(minted)s, stock_left = %(stock_left)s,
    custody_version = %(custody_version)s, cursor = %(cursor)s
WHERE s.shard = %(shard)s AND s.batch_id = %(batch_id)s;

-- name: update_limits
UPDATE ledger_limit l
SET used = c.used, cap = c.cap
FROM unnest(%(subject_ids)s::bigint[], %(batch_ids)s::int[], %(days)s::int[], %(dimensions)s::smallint[],
    %(units)s::smallint[], %(moments)s::smallint[], %(used)s::bigint[], %(caps)s::bigint[])
    AS c (subject_id, batch_id, day, dimension, unit, moment, used, cap)
WHERE l.shard = any(%(shards)s::smallint[]) AND l.subject_id = c.subject_id AND l.batch_id = c.batch_id
    AND l.day = c.day AND l.dimension = c.dimension AND l.unit = c.unit AND l.moment = c.moment;

-- name: update_budget
-- Amounts are moved, not set: uses read a budget without its lock (docs/decisions/0012), so it may hold
-- less by now. The table's checks then refuse the block, which begins anew under the lock.
UPDATE ledger_budget b
SET total_fen = b.total_fen + %(total)s, available_fen = b.available_fen + %(available)s,
    committed_fen = b.committed_fen + %(committed)s, spent_fen = b.spent_fen + %(spent)s,
    released_fen = b.released_fen + %(released)s
WHERE b.shard = %(shard)s AND b.budget_id = %(budget_id)s;

-- name: update_hold
UPDATE ledger_hold h SET state = %(state)s
WHERE h.shard = %(shard)s AND h.serial = %(serial)s AND h.hold_block = %(block)s AND h.hold_index = %(index)s;

-- name: update_reversed
UPDATE ledger_reversed r SET amount_fen = %(amount_fen)s, uses = %(uses)s, by_line = %(by_line)s
WHERE r.shard = %(shard)s AND r.serial = %(serial)s AND r.redemption_block = %(block)s
    AND r.redemption_index = %(index)s;

-- name: update_custody
UPDATE ledger_custody c
SET quantity = %(quantity)s, active = %(active)s, organisation_id = %(organisation_id)s,
    piece = %(piece)s, hand_out_first = %(hand_out_first)s
WHERE c.shard = %(shard)s AND c.first_serial = %(first_serial)s;

-- name: update_next_serial
UPDATE ledger_serial SET next_serial = %(next_serial)s WHERE shard = any(%(shards)s::smallint[]);

-- name: add_block
INSERT INTO ledger_block (block, shard, committed_at, entry_count, record_count, previous_hash, hash, body)
VALUES (%(block)s, %(shard)s, %(committed_at)s, %(entry_count)s, %(record_count)s, %(previous_hash)s,
    %(hash)s, %(body)s);

-- name: update_lane
UPDATE ledger_lane l SET last_block = %(block)s, hash = %(hash)s
WHERE l.shard = %(shard)s AND l.lane = %(lane)s;

-- name: add_lane
INSERT INTO ledger_lane (lane, shard, last_block, hash) VALUES (%(lane)s, %(shard)s, %(block)s, %(hash)s)
ON CONFLICT DO NOTHING;


-- Rows that a block gives birth to, many at a time: each an array of rows in one parameter. They are
-- joined to the block's own lane, whose row is locked: what reads a table of a shard goes to its node.
-- (Vouchers and limits keep their own shard; a block of a cluster has but one, which is its lane's.)

-- name: add_vouchers
INSERT INTO ledger_voucher (serial, last_block, customer_id, balance_fen, committed_fen, valid_from,
    valid_until, batch_id, version, shard, last_index, uses_left, state, holds)
SELECT c.serial, c.last_block, c.customer_id, c.balance_fen, c.committed_fen, c.valid_from,
    c.valid_until, c.batch_id, c.version, c.shard, c.last_index, c.uses_left, c.state, c.holds
FROM ledger_lane l CROSS JOIN unnest(%(rows)s::ledger_new_voucher[]) c
WHERE l.shard = %(shard)s AND l.lane = %(lane)s;

-- name: add_limits
INSERT INTO ledger_limit (shard, batch_id, dimension, subject_id, day, unit, moment, used, cap)
SELECT c.shard, c.batch_id, c.dimension, c.subject_id, c.day, c.unit, c.moment, c.used, c.cap
FROM ledger_lane l CROSS JOIN unnest(%(rows)s::ledger_new_limit[]) c
WHERE l.shard = %(shard)s AND l.lane = %(lane)s;

-- name: add_requests
INSERT INTO ledger_request (shard, key_high, key_low, block, index)
SELECT l.shard, c.key_high, c.key_low, c.block, c.index
FROM ledger_lane l CROSS JOIN unnest(%(rows)s::ledger_new_request[]) c
WHERE l.shard = %(shard)s AND l.lane = %(lane)s;

-- name: add_entries
INSERT INTO ledger_entry (block, shard, index, operation, unit, amount, debit, debit_id, credit, credit_id,
    at, serial, version, batch_id, funder_id, reverses_block, reverses_index)
SELECT %(block)s, l.shard, c.index, c.operation, c.unit, c.amount, c.debit, c.debit_id, c.credit,
    c.credit_id, c.at, c.serial, c.version, c.batch_id, c.funder_id, c.reverses_block, c.reverses_index
FROM ledger_lane l CROSS JOIN unnest(%(rows)s::ledger_new_entry[]) c
WHERE l.shard = %(shard)s AND l.lane = %(lane)s;

-- name: add_batch
INSERT INTO ledger_batch (shard, batch_id, offer_version_id, terms, budget_id, by_code, active)
VALUES (%(shard)s, %(batch_id)s, %(offer_version_id)s, %(terms)s, %(budget_id)s, %(by_code)s, %(active)s);

-- name: add_terms
INSERT INTO ledger_terms (shard, batch_id, number, offer_version_id, terms)
VALUES (%(shard)s, %(batch_id)s, %(number)s, %(offer_version_id)s, %(terms)s);

-- name: add_slice
INSERT INTO ledger_slice (shard, batch_id, state, minted, stock_left, custody_version, cursor)
VALUES (%(shard)s, %(batch_id)s, %(state)s, %(minted)s, %(stock_left)s, %(custody_version)s, %(cursor)s);

-- name: add_custody
INSERT INTO ledger_custody (shard, batch_id, first_serial, quantity, active, organisation_id, piece,
    hand_out_first)
VALUES (%(shard)s, %(batch_id)s, %(first_serial)s, %(quantity)s, %(active)s, %(organisation_id)s, %(piece)s,
    %(hand_out_first)s);

-- name: add_budget
INSERT INTO ledger_budget (shard, budget_id, total_fen, available_fen, committed_fen, spent_fen, released_fen)
VALUES (%(shard)s, %(budget_id)s, %(total)s, %(available)s, %(committed)s, %(spent)s, %(released)s);

-- name: add_hold
INSERT INTO ledger_hold (shard, serial, hold_block, hold_index, state, expires_at)
VALUES (%(shard)s, %(serial)s, %(block)s, %(index)s, %(state)s, %(expires_at)s);

-- name: add_reversed
INSERT INTO ledger_reversed (shard, serial, redemption_block, redemption_index, amount_fen, uses, by_line)
VALUES (%(shard)s, %(serial)s, %(block)s, %(index)s, %(amount_fen)s, %(uses)s, %(by_line)s);
