"""What was counted in the console's world, as SQL: the tail would take hours to count it all."""

# What the counters would have come to, had they counted what was filled; in the order of days, as
# they write it.
SUMS = (
    # kaquan-allow: ledger-writes because a benchmark fills a throw-away ledger
    """INSERT INTO ledger_cursor (last_block, lane, shard, consumer)
    SELECT last_block, lane, shard, %(consumer)s FROM ledger_lane""",
    """INSERT INTO analytics_account (account, account_id, unit, debited, credited, balance,
        entries)
    SELECT account, account_id, unit, sum(debited), sum(credited), sum(credited) - sum(debited),
        count(*)
    FROM (
        SELECT debit AS account, CASE WHEN debit = any(%(together)s) THEN 0 ELSE debit_id END
            AS account_id, unit, amount AS debited, 0::bigint AS credited FROM ledger_entry
        UNION ALL
        SELECT credit, CASE WHEN credit = any(%(together)s) THEN 0 ELSE credit_id END, unit,
            0::bigint, amount FROM ledger_entry
    ) AS sides GROUP BY account, account_id, unit""",
    """INSERT INTO analytics_tradeday (day, store_id, channel, issued, redeemed, reversed, orders,
        discount_fen, returned_fen, cost_fen, cost_returned_fen)
    SELECT (at AT TIME ZONE %(zone)s)::date, CASE operation WHEN 14 THEN debit_id ELSE credit_id
        END, CASE WHEN serial %% 3 = 0 THEN 'app' ELSE 'store' END, 0,
        count(*) FILTER (WHERE operation = 11), count(*) FILTER (WHERE operation = 14),
        count(*) FILTER (WHERE operation = 11),
        coalesce(sum(amount) FILTER (WHERE operation = 11), 0),
        coalesce(sum(amount) FILTER (WHERE operation = 14), 0), 0, 0
    FROM ledger_entry WHERE operation IN (11, 14) GROUP BY 1, 2, 3 ORDER BY 1, random()""",
    """INSERT INTO analytics_clerkday (day, store_id, actor, orders, redeemed, reversed, refused,
        discount_fen, returned_fen, last_at)
    SELECT day, store_id, 'staff:' || (store_id * 3 + n), sum(orders), sum(redeemed),
        sum(reversed), n, sum(discount_fen), sum(returned_fen), day + interval '20 hours'
    FROM analytics_tradeday, generate_series(0, 2) n GROUP BY day, store_id, n
    ORDER BY day, random()""",
)
FIGURES = (
    """INSERT INTO analytics_storecounter (day, store_id, name, value)
    SELECT %(now)s::date - d, s, n, 10 + d FROM generate_series(0, %(days)s) d,
        unnest(%(store_ids)s::int[]) s,
        unnest(ARRAY['issued', 'redeemed', 'discount_fen', 'reversed', 'cost_fen']) n
    ON CONFLICT DO NOTHING""",
    """INSERT INTO analytics_counter (day, batch_id, name, value)
    SELECT %(now)s::date - d, b.id, n, 10 + d FROM generate_series(0, %(days)s) d,
        campaigns_campaignbatch b,
        unnest(ARRAY['issued', 'redeemed', 'discount_fen', 'reversed', 'cost_fen']) n
    ON CONFLICT DO NOTHING""",
    """INSERT INTO analytics_hourcounter (day, hour, store_id, name, value)
    SELECT %(now)s::date - d, h, s, n, 3 FROM generate_series(0, 2) d, generate_series(8, 22) h,
        unnest(%(store_ids)s::int[]) s,
        unnest(ARRAY['issued', 'redeemed', 'discount_fen', 'reversed']) n
    ON CONFLICT DO NOTHING""",
    """INSERT INTO analytics_hourcounter (day, hour, store_id, name, value)
    SELECT day, hour, -1, name, sum(value) FROM analytics_hourcounter GROUP BY day, hour, name""",
    """INSERT INTO analytics_daycounter (day, name, value)
    SELECT day, name, sum(value) FROM analytics_counter GROUP BY day, name""",
)
