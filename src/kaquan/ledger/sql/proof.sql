-- For prove: what the records promise, as temporary tables; what each table of the ledger should then
-- hold ("expect_"); and equations, each of which gives (key, expected, found) of what breaks it.
-- The temporary tables are wider than the ledger's own: what a body says must always fit in.

-- name: tables
CREATE TEMP TABLE proof_request (key_high bigint, key_low bigint, shard bigint, block bigint, index bigint)
    ON COMMIT DROP;
CREATE TEMP TABLE proof_budget (budget_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE proof_batch (batch_id bigint, offer_version_id bigint, budget_id bigint, by_code boolean,
    active boolean, terms bytea) ON COMMIT DROP;
CREATE TEMP TABLE proof_terms (batch_id bigint, number bigint, offer_version_id bigint, terms bytea)
    ON COMMIT DROP;
CREATE TEMP TABLE proof_supply (batch_id bigint, operation text, first_serial bigint, quantity bigint,
    source bigint, target bigint, before text, after text) ON COMMIT DROP;
CREATE TEMP TABLE proof_piece (batch_id bigint, first_serial bigint, quantity bigint, source bigint,
    target bigint, piece_before bigint, piece bigint, activated bigint, hand_out_first boolean) ON COMMIT DROP;
CREATE TEMP TABLE proof_change (serial bigint, version bigint, shard bigint, batch_id bigint, state bigint,
    customer_id bigint, balance_fen bigint, uses_left bigint, committed_fen bigint, holds bigint,
    valid_from timestamptz, valid_until timestamptz, block bigint, index bigint, before_block bigint,
    before_index bigint, lapses_at timestamptz, discount_fen bigint, uses_used bigint, costless boolean,
    hand bigint, passes_on boolean) ON COMMIT DROP;
CREATE TEMP TABLE proof_limit (shard bigint, batch_id bigint, dimension bigint, subject_id bigint, day bigint,
    unit bigint, moment bigint, delta bigint) ON COMMIT DROP;
CREATE TEMP TABLE proof_held (block bigint, index bigint, serial bigint, version bigint, shard bigint,
    expires_at timestamptz) ON COMMIT DROP;
CREATE TEMP TABLE proof_settled (block bigint, index bigint, serial bigint, version bigint, state text)
    ON COMMIT DROP;
CREATE TEMP TABLE proof_returned (block bigint, index bigint, serial bigint, version bigint, shard bigint,
    amount_fen bigint, by_line text) ON COMMIT DROP;
CREATE TEMP TABLE proof_kind (batch_id bigint, is_prepaid boolean, is_count boolean) ON COMMIT DROP;
CREATE TEMP TABLE proof_cap (batch_id bigint, dimension bigint, subject_id bigint, daily boolean, unit bigint,
    moment bigint, cap bigint) ON COMMIT DROP;

-- name: lives
-- Of each voucher the last change, and every change that does not follow from the one before it. The latest use that
-- cost nothing is where a used voucher's piece went to ENDED. Only transfers move hands, and those of old did not.
ANALYZE proof_change;
CREATE TEMP TABLE proof_voucher ON COMMIT DROP AS
SELECT serial, version, shard, batch_id, state, customer_id, balance_fen, uses_left, committed_fen, holds,
    valid_from, valid_until, block AS last_block, index AS last_index, hand, is_last, is_broken,
    state = 3 AND coalesce(last_use, 0) % 2 = 1 AS ended_by_use
FROM (
    SELECT *,
        lead(version) OVER life IS NULL AS is_last,
        version <> row_number() OVER life
            OR (before_block, before_index) IS DISTINCT FROM (lag(block) OVER life, lag(index) OVER life)
            OR coalesce(hand, 0) - coalesce(lag(hand) OVER life, 0) NOT IN (0, passes_on::int)
            AS is_broken,
        max(2 * version + costless::int) OVER life AS last_use
    FROM proof_change
    WINDOW life AS (PARTITION BY serial ORDER BY version, block, index)
) AS changes
WHERE is_last OR is_broken;
ANALYZE;

-- name: flows
-- How much went from where to where, and what that leaves on each account.
CREATE TEMP TABLE proof_flow ON COMMIT DROP AS
SELECT unit, debit, debit_id, credit, credit_id, sum(amount) AS amount
FROM ledger_entry GROUP BY unit, debit, debit_id, credit, credit_id;
CREATE TEMP TABLE proof_account ON COMMIT DROP AS
SELECT unit, account, id, sum(amount) AS balance
FROM (
    SELECT unit, credit AS account, credit_id AS id, amount FROM proof_flow
    UNION ALL
    SELECT unit, debit, debit_id, -amount FROM proof_flow
) AS sides
GROUP BY unit, account, id;
ANALYZE proof_flow, proof_account;

-- name: broken_lives
SELECT serial, version, last_block, last_index FROM proof_voucher
WHERE is_broken ORDER BY last_block, last_index, serial LIMIT %(room)s;

-- name: batches
-- Each batch's terms, those that it was opened with first.
SELECT batch_id, 0 AS number, terms FROM ledger_batch
UNION ALL SELECT batch_id, number, terms FROM ledger_terms
ORDER BY batch_id, number;

-- name: expect_batch
SELECT batch_id, %(home)s::bigint AS shard, offer_version_id, budget_id, by_code, active, terms
FROM proof_batch;

-- name: expect_terms
SELECT batch_id, number, %(home)s::bigint AS shard, offer_version_id, terms FROM proof_terms;

-- name: expect_slice
WITH supply AS (
    SELECT batch_id,
        coalesce(sum(quantity) FILTER (WHERE operation = 'mint'), 0) AS minted,
        count(*) FILTER (WHERE operation <> 'set_batch_state') AS custody_version
    FROM proof_supply GROUP BY batch_id
), handed_out AS (
    SELECT batch_id, serial & 63 AS bucket, count(*) AS seats
    FROM proof_voucher WHERE is_last GROUP BY batch_id, serial & 63
), seats AS (
    SELECT batch_id, array_agg(coalesce(seats, 0)::int ORDER BY bucket) AS cursor, sum(seats) AS all_seats
    FROM (SELECT batch_id FROM proof_batch WHERE NOT by_code) AS stock
    CROSS JOIN generate_series(0, 63) AS bucket
    LEFT JOIN handed_out USING (batch_id, bucket)
    GROUP BY batch_id
), steps AS (
    SELECT batch_id, 'running' AS state, 1 AS step FROM proof_batch
    UNION ALL SELECT batch_id, before, -1 FROM proof_supply WHERE operation = 'set_batch_state'
    UNION ALL SELECT batch_id, after, 1 FROM proof_supply WHERE operation = 'set_batch_state'
), states AS (
    SELECT batch_id, state FROM steps GROUP BY batch_id, state HAVING sum(step) > 0
)
SELECT b.batch_id, %(home)s::bigint AS shard, s.state, coalesce(u.minted, 0) AS minted,
    CASE WHEN b.by_code THEN 0 ELSE coalesce(u.minted, 0) - coalesce(t.all_seats, 0) END AS stock_left,
    coalesce(u.custody_version, 0) AS custody_version, coalesce(t.cursor, '{}') AS cursor
FROM proof_batch b
LEFT JOIN supply u USING (batch_id) LEFT JOIN seats t USING (batch_id) LEFT JOIN states s USING (batch_id);

-- name: expect_custody
-- Custody as steps along the serials, so that it does not matter how runs were cut: at a serial so many
-- begin (+1) or cease (-1) to lie with an organisation, or to be active (organisation_id -1), good for
-- nothing before they are handed out (-2), or in a state of paper (-100 less its number).
WITH minted AS (
    SELECT s.batch_id, s.first_serial, b.active, s.first_serial
        + CASE WHEN b.by_code THEN s.quantity ELSE (s.quantity + 63) / 64 * 64 END AS end_serial
    FROM proof_supply s JOIN proof_batch b USING (batch_id) WHERE s.operation = 'mint'
), runs AS (
    SELECT batch_id, first_serial, end_serial, 0 AS organisation_id, 1 AS step FROM minted
    UNION ALL SELECT batch_id, first_serial, end_serial, -1, 1 FROM minted WHERE active
    UNION ALL SELECT batch_id, first_serial, first_serial + quantity, -1, 1
        FROM proof_supply WHERE operation = 'activate'
    UNION ALL SELECT batch_id, first_serial, first_serial + quantity, source, -1
        FROM proof_supply WHERE operation = 'allot'
    UNION ALL SELECT batch_id, first_serial, first_serial + quantity, target, 1
        FROM proof_supply WHERE operation = 'allot'
    UNION ALL SELECT batch_id, first_serial, first_serial + quantity, target.id, target.step
        FROM proof_piece CROSS JOIN LATERAL (VALUES (source, -1), (target, 1), (-1::bigint, activated),
            (-2::bigint, hand_out_first::int), (-100 - piece_before, (piece_before <> 0)::int * -1),
            (-100 - piece, 1)) AS target (id, step)
), steps AS (
    SELECT batch_id, organisation_id, first_serial AS serial, step FROM runs
    UNION ALL SELECT batch_id, organisation_id, end_serial, -step FROM runs
)
SELECT serial, batch_id, organisation_id, %(home)s::bigint AS shard, sum(step) AS step
FROM steps GROUP BY serial, batch_id, organisation_id HAVING sum(step) <> 0;

-- name: find_custody
WITH runs AS (
    SELECT batch_id, shard, first_serial, first_serial + quantity AS end_serial, organisation_id, active,
        piece, hand_out_first
    FROM ledger_custody
), placed AS (
    SELECT batch_id, shard, first_serial, end_serial, organisation_id FROM runs
    UNION ALL SELECT batch_id, shard, first_serial, end_serial, -1 FROM runs WHERE active
    UNION ALL SELECT batch_id, shard, first_serial, end_serial, -2 FROM runs WHERE hand_out_first
    UNION ALL SELECT batch_id, shard, first_serial, end_serial, -100 - piece FROM runs WHERE piece <> 0
), steps AS (
    SELECT batch_id, shard, organisation_id, first_serial AS serial, 1 AS step FROM placed
    UNION ALL SELECT batch_id, shard, organisation_id, end_serial, -1 FROM placed
)
SELECT serial, batch_id, organisation_id, shard, sum(step) AS step
FROM steps GROUP BY serial, batch_id, organisation_id, shard HAVING sum(step) <> 0;

-- name: expect_serial
SELECT %(home)s::bigint AS shard,
    coalesce(max(first_serial + (quantity + 63) / 64 * 64), 64) AS next_serial
FROM proof_supply WHERE operation = 'mint';

-- name: expect_voucher
SELECT serial, shard, batch_id, state, customer_id, balance_fen, uses_left, committed_fen, holds, valid_from,
    valid_until, version, last_block, last_index, hand
FROM proof_voucher WHERE is_last;

-- name: expect_budget
WITH sides AS (
    SELECT credit_id AS budget_id, credit AS account, debit AS other, amount FROM proof_flow
    WHERE unit = %(fen)s AND credit = any(%(budget_accounts)s)
    UNION ALL
    SELECT debit_id, debit, credit, -amount FROM proof_flow
    WHERE unit = %(fen)s AND debit = any(%(budget_accounts)s)
), sums AS (
    SELECT budget_id,
        sum(amount) FILTER (WHERE other = %(outside)s) AS total_fen,
        sum(amount) FILTER (WHERE account = %(budget_available)s) AS available_fen,
        sum(amount) FILTER (WHERE account = %(budget_committed)s) AS committed_fen,
        -sum(amount) FILTER (WHERE other = %(store)s) AS spent_fen,
        sum(amount) FILTER (WHERE account = %(budget_released)s) AS released_fen
    FROM sides GROUP BY budget_id
)
SELECT budget_id, %(home)s::bigint AS shard, coalesce(total_fen, 0) AS total_fen,
    coalesce(available_fen, 0) AS available_fen, coalesce(committed_fen, 0) AS committed_fen,
    coalesce(spent_fen, 0) AS spent_fen, coalesce(released_fen, 0) AS released_fen
FROM proof_budget LEFT JOIN sums USING (budget_id);

-- name: expect_limit
-- A row has the cap of the terms under which it was moved last: of any that the batch has had, for blocks
-- of two lanes have no order.
SELECT l.subject_id, l.batch_id, l.day, l.shard, l.dimension, l.unit, l.moment, l.used,
    coalesce(max(c.cap) FILTER (WHERE c.cap = f.cap), max(c.cap)) AS cap
FROM (
    SELECT subject_id, batch_id, day, shard, dimension, unit, moment, sum(delta) AS used FROM proof_limit
    GROUP BY subject_id, batch_id, day, shard, dimension, unit, moment
) AS l
LEFT JOIN ledger_limit f USING (subject_id, batch_id, day, shard, dimension, unit, moment)
LEFT JOIN proof_cap c ON c.batch_id = l.batch_id AND c.dimension = l.dimension AND c.unit = l.unit
    AND c.moment = l.moment AND c.daily = (l.day <> 0)
    AND (c.subject_id = CASE WHEN l.dimension = %(funder)s THEN l.subject_id ELSE 0 END
        OR l.dimension = %(channel)s AND c.subject_id = l.subject_id)
GROUP BY l.subject_id, l.batch_id, l.day, l.shard, l.dimension, l.unit, l.moment, l.used;

-- name: expect_hold
-- A hold that has run out is given back by the next command that changes its voucher, release excepted.
WITH lapsed AS (
    SELECT h.block, h.index, h.serial, min(c.version) AS version
    FROM proof_held h JOIN proof_change c
        ON c.serial = h.serial AND c.version > h.version AND c.lapses_at >= h.expires_at
    GROUP BY h.block, h.index, h.serial
)
SELECT h.serial, h.block AS hold_block, h.index AS hold_index, h.shard, h.expires_at,
    CASE WHEN l.version IS NOT NULL AND (s.version IS NULL OR l.version < s.version) THEN 'expired'
        ELSE coalesce(s.state, 'active') END AS state
FROM proof_held h
LEFT JOIN proof_settled s USING (block, index, serial)
LEFT JOIN lapsed l USING (block, index, serial);

-- name: expect_reversed
SELECT r.serial, r.block AS redemption_block, r.index AS redemption_index, r.shard,
    sum(r.amount_fen) AS amount_fen,
    CASE WHEN sum(r.amount_fen) = u.discount_fen THEN u.uses_used ELSE 0 END AS uses,
    (array_agg(r.by_line ORDER BY r.version DESC))[1] AS by_line
FROM proof_returned r
LEFT JOIN proof_change u ON u.serial = r.serial AND u.block = r.block AND u.index = r.index
GROUP BY r.serial, r.block, r.index, r.shard, u.discount_fen, u.uses_used;

-- name: expect_request
SELECT key_high, key_low, shard, block, index FROM proof_request;

-- name: trial_balance
SELECT 'unit ' || unit AS key, '0' AS expected, sum(balance)::text AS found
FROM proof_account GROUP BY unit HAVING sum(balance) <> 0;

-- name: below_zero
SELECT format('account %%s:%%s unit %%s', account, id, unit), '>= 0', balance::text
FROM proof_account
WHERE balance < 0 AND account = any(%(never_negative)s) ORDER BY account, id LIMIT %(room)s;

-- name: serials_overlap
SELECT format('serial %%s', first_serial), 'free', 'minted twice'
FROM (
    SELECT first_serial, max(first_serial + (quantity + 63) / 64 * 64)
        OVER (ORDER BY first_serial ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS taken_to
    FROM proof_supply WHERE operation = 'mint'
) AS runs
WHERE first_serial < taken_to ORDER BY first_serial LIMIT %(room)s;

-- name: minted
-- minted = untouched + touched, and no less than nothing is untouched.
WITH touched AS (
    SELECT batch_id, count(*) AS vouchers FROM ledger_voucher GROUP BY batch_id
), flowed AS (
    SELECT credit_id AS batch_id, amount FROM proof_flow
    WHERE unit = %(piece)s AND debit = %(outside)s AND credit = %(stock)s
), room AS (
    SELECT batch_id, sum(quantity) AS serials FROM ledger_custody GROUP BY batch_id
), told AS (
    SELECT s.batch_id, s.minted, coalesce(f.amount, 0) AS flowed, coalesce(t.vouchers, 0) AS touched,
        CASE WHEN b.by_code THEN coalesce(r.serials, 0) - coalesce(t.vouchers, 0) ELSE s.stock_left END
            AS untouched
    FROM ledger_slice s JOIN ledger_batch b USING (batch_id) LEFT JOIN touched t USING (batch_id)
    LEFT JOIN flowed f USING (batch_id) LEFT JOIN room r USING (batch_id)
)
SELECT format('batch %%s', batch_id), format('minted %%s', minted),
    format('entries %%s, untouched %%s + touched %%s', flowed, untouched, touched)
FROM told WHERE minted <> flowed OR minted <> untouched + touched OR untouched < 0
ORDER BY batch_id LIMIT %(room)s;

-- name: out_of_custody
SELECT format('serial %%s', v.serial), 'a minted serial of its batch', format('batch %%s', v.batch_id)
FROM ledger_voucher v LEFT JOIN LATERAL (
    SELECT batch_id, first_serial + quantity AS end_serial FROM ledger_custody
    WHERE first_serial <= v.serial ORDER BY first_serial DESC LIMIT 1
) AS run ON true
WHERE run.batch_id IS DISTINCT FROM v.batch_id OR v.serial >= run.end_serial
ORDER BY v.serial LIMIT %(room)s;

-- name: own_balances
-- What is on a card, or a count card's uses, is the balance of the account that bears its serial.
WITH carried AS (
    SELECT v.serial, CASE WHEN k.is_prepaid THEN %(card)s ELSE %(uses)s END AS account,
        CASE WHEN k.is_prepaid THEN coalesce(v.balance_fen, 0) ELSE v.uses_left END AS amount
    FROM ledger_voucher v JOIN proof_kind k USING (batch_id) WHERE k.is_prepaid OR k.is_count
), booked AS (
    SELECT id AS serial, account, balance FROM proof_account WHERE account IN (%(card)s, %(uses)s)
)
SELECT format('serial %%s', serial), coalesce(b.balance, 0)::text, coalesce(c.amount, 0)::text
FROM carried c FULL JOIN booked b USING (serial, account)
WHERE coalesce(c.amount, 0) <> coalesce(b.balance, 0) ORDER BY serial LIMIT %(room)s;

-- name: held_balances
SELECT format('serial %%s', a.id), '0', a.balance::text
FROM proof_account a LEFT JOIN ledger_voucher v ON v.serial = a.id
WHERE a.account IN (%(card_held)s, %(uses_held)s) AND a.balance <> 0 AND v.holds IS NULL
ORDER BY a.id LIMIT %(room)s;

-- name: committed
WITH vouchers AS (
    SELECT b.budget_id, sum(v.committed_fen) AS committed_fen
    FROM ledger_voucher v JOIN ledger_batch b USING (batch_id)
    WHERE v.committed_fen IS NOT NULL GROUP BY b.budget_id
)
SELECT format('budget %%s', budget_id), coalesce(v.committed_fen, 0)::text, b.committed_fen::text
FROM ledger_budget b FULL JOIN vouchers v USING (budget_id)
WHERE coalesce(v.committed_fen, 0) IS DISTINCT FROM b.committed_fen ORDER BY budget_id LIMIT %(room)s;

-- name: pieces
-- Every minted piece is where its voucher's state keeps it; a used one stays where it was used.
WITH homes AS (
    SELECT CASE
            WHEN v.state IN (4, 5) THEN %(frozen)s
            WHEN v.state IN (6, 7) OR (v.ended_by_use AND NOT k.is_count) THEN %(ended)s
            WHEN v.customer_id IS NOT NULL OR v.valid_from IS NOT NULL THEN %(holder)s
            ELSE %(stock)s
        END AS account, v.batch_id, v.customer_id
    FROM proof_voucher v JOIN proof_kind k USING (batch_id) WHERE v.is_last
), pieces AS (
    SELECT account, CASE WHEN account = %(holder)s THEN coalesce(customer_id, 0) ELSE batch_id END AS id,
        1 AS piece
    FROM homes
    UNION ALL
    SELECT %(stock)s, s.batch_id, s.minted - coalesce(t.vouchers, 0)
    FROM ledger_slice s
    LEFT JOIN (SELECT batch_id, count(*) AS vouchers FROM homes GROUP BY batch_id) AS t USING (batch_id)
), counted AS (
    SELECT account, id, sum(piece) AS pieces FROM pieces GROUP BY account, id
), booked AS (
    SELECT account, id, balance FROM proof_account
    WHERE unit = %(piece)s AND account IN (%(stock)s, %(holder)s, %(ended)s, %(frozen)s)
)
SELECT format('account %%s:%%s', account, id), coalesce(c.pieces, 0)::text, coalesce(b.balance, 0)::text
FROM counted c FULL JOIN booked b USING (account, id)
WHERE coalesce(c.pieces, 0) <> coalesce(b.balance, 0) ORDER BY account, id LIMIT %(room)s;

-- name: custody_pieces
WITH held AS (
    SELECT organisation_id AS id, sum(quantity) AS pieces FROM ledger_custody
    WHERE organisation_id <> 0 AND piece = 0 GROUP BY organisation_id
), booked AS (
    SELECT id, balance FROM proof_account WHERE account = %(custody)s AND id <> 0
)
SELECT format('organisation %%s', id), coalesce(b.balance, 0)::text, coalesce(h.pieces, 0)::text
FROM held h FULL JOIN booked b USING (id)
WHERE coalesce(h.pieces, 0) <> coalesce(b.balance, 0) ORDER BY id LIMIT %(room)s;

-- name: paper_pieces
-- What lies with an organisation of each batch in each state is what entries moved there and not away;
-- of a batch as many pieces are in all states together as were printed of it.
WITH held AS (
    SELECT batch_id, organisation_id AS id, %(custody)s + piece AS account, sum(quantity) AS pieces
    FROM ledger_custody WHERE piece <> 0 GROUP BY batch_id, organisation_id, piece
), moved AS (
    SELECT batch_id, credit AS account, credit_id AS id, amount FROM ledger_entry
    WHERE operation = %(move_pieces)s
    UNION ALL
    SELECT batch_id, debit, debit_id, -amount FROM ledger_entry WHERE operation = %(move_pieces)s
), booked AS (
    SELECT batch_id, account, id, sum(amount) AS pieces FROM moved WHERE account <> %(custody)s
    GROUP BY batch_id, account, id
)
SELECT format('batch %%s account %%s:%%s', batch_id, account, id), coalesce(b.pieces, 0)::text,
    coalesce(h.pieces, 0)::text
FROM held h FULL JOIN booked b USING (batch_id, account, id)
WHERE coalesce(h.pieces, 0) <> coalesce(b.pieces, 0) ORDER BY batch_id, account, id LIMIT %(room)s;

-- name: paper_moves
WITH told AS (
    SELECT batch_id, first_serial, quantity, %(custody)s + piece_before AS debit, source AS debit_id,
        %(custody)s + piece AS credit, target AS credit_id, 1 AS step FROM proof_piece
    UNION ALL
    SELECT batch_id, serial, amount, debit, debit_id, credit, credit_id, -1 FROM ledger_entry
    WHERE operation = %(move_pieces)s
)
SELECT format('batch %%s serial %%s quantity %%s', batch_id, first_serial, quantity),
    greatest(sum(step), 0)::text, greatest(-sum(step), 0)::text
FROM told GROUP BY batch_id, first_serial, quantity, debit, debit_id, credit, credit_id
HAVING sum(step) <> 0 ORDER BY batch_id, first_serial LIMIT %(room)s;

-- name: pool_codes
SELECT format('serial %%s', p.serial), 'a serial of its by-code batch, once', format('batch %%s', p.batch_id)
FROM (SELECT *, count(*) OVER (PARTITION BY serial) AS times FROM ledger_pool_code) AS p
LEFT JOIN LATERAL (
    SELECT batch_id, first_serial + quantity AS end_serial FROM ledger_custody
    WHERE first_serial <= p.serial ORDER BY first_serial DESC LIMIT 1
) AS run ON true
LEFT JOIN ledger_batch b ON b.batch_id = p.batch_id
WHERE run.batch_id IS DISTINCT FROM p.batch_id OR p.serial >= run.end_serial OR b.by_code IS NOT true
    OR p.times > 1 OR p.shard <> (%(shard_keys)s::smallint[])[(p.serial & 63) + 1]
ORDER BY p.serial LIMIT %(room)s;

-- name: cursors
SELECT format('%%s, lane %%s', c.consumer, c.lane), format('at most %%s', l.last_block), c.last_block::text
FROM ledger_cursor c LEFT JOIN ledger_lane l USING (lane, shard)
WHERE l.lane IS NULL OR c.last_block NOT BETWEEN c.lane::bigint << 40 AND l.last_block
ORDER BY c.consumer, c.lane LIMIT %(room)s;
