-- One day of made-up attempts: psql -v day=2026-11-23 -v first=0 -v rows=250000 -v users=5000 -v run=3fa9.
-- The sums are made by the triggers, which a large statement costs far less for a row than a flusher's small ones.
SET TimeZone = 'UTC';
SET work_mem = '256MB';
BEGIN;

INSERT INTO usage_attempts (request_id, attempt, started_at, ended_at, tenant, user_id, model, provider, account,
    upstream_model, lane, streamed, tokens_in, tokens_out, tokens_cached, tokens_reasoning, tokens_cache_write,
    tokens_cache_write_1h, cost, currency, latency_ms, ttft_ms, queue_ms, status, error_kind, finish_reason, estimated,
    final, worker, upstream_request_id)
SELECT '0-' || lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || lpad(to_hex(i), 8, '0') || :'run',
    attempt, at, at + latency * interval '1 ms', 'tenant-' || u % 50, 'user-' || u, 'model-' || m, provider,
    provider || '-' || a, 'model-' || m || '-2026', 'normal', streamed, tokens_in, tokens_out, tokens_in / 3,
    tokens_out / 10, tokens_in / 50, 0, ((tokens_in * 0.4 + tokens_out * 1.6) / 1000000)::numeric(20, 10),
    CASE WHEN m % 6 < 2 THEN 'USD' ELSE 'CNY' END, latency,
    CASE WHEN error IS NULL AND streamed THEN (latency * (0.1 + 0.3 * r1))::bigint END,
    exp(3 + 1.5 * sqrt(-2 * ln(r2)) * cos(2 * pi() * r3))::bigint, coalesce(statuses[error], 'done'), kinds[error],
    CASE WHEN error IS NULL THEN 'stop' END, coalesce(error = 6, false), coalesce(error <> 6, true), 'load-' || i % 4,
    'req-' || i
FROM (
    SELECT i, :'day'::timestamptz + (i::double precision - :first) / :rows * interval '1 day' AS at,
        1 + (random() < 0.03)::int AS attempt, floor(:users * random() ^ 3)::int AS u, m, floor(random() * 4)::int AS a,
        (ARRAY['openai', 'anthropic', 'baidu', 'alibaba', 'tencent', 'zhipu'])[m % 6 + 1] AS provider,
        random() < 0.6 AS streamed, floor(200 + 8000 * random() ^ 3)::bigint AS tokens_in,
        floor(20 + 2000 * random() ^ 3)::bigint AS tokens_out,
        exp(7.5 + 0.9 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))::bigint AS latency,
        random() AS r1, 1 - random() AS r2, random() AS r3,
        CASE WHEN random() < 0.03 THEN 1 + floor(6 * random() ^ 2)::int END AS error,
        ARRAY['error', 'error', 'error', 'error', 'cancelled', 'lost'] AS statuses,
        ARRAY['rate_limited', 'server_error', 'timeout', 'network', 'cancelled', 'worker_lost'] AS kinds
    FROM (SELECT i, floor(20 * random() ^ 2)::int AS m FROM generate_series(:first, :first + :rows - 1) AS i) AS numbers
) AS attempts ORDER BY i;

-- The table of sums that the flusher keeps by itself.
INSERT INTO usage_hourly AS h (hour, model, provider, account, tenant, user_id, currency, status, attempts, tokens_in,
    tokens_out, tokens_cached, tokens_reasoning, tokens_cache_write, tokens_cache_write_1h, cost, latency_ms_sum,
    ttft_ms_sum, ttft_count, estimated_attempts)
SELECT hour, model, provider, account, tenant, user_id, currency, status, sum(attempts), sum(tokens_in), sum(tokens_out),
    sum(tokens_cached), sum(tokens_reasoning), sum(tokens_cache_write), sum(tokens_cache_write_1h), sum(cost),
    sum(latency_ms_sum), sum(ttft_ms_sum), sum(ttft_count), sum(estimated_attempts)
FROM usage_users_hourly WHERE hour >= :'day'::timestamptz AND hour < :'day'::timestamptz + interval '1 day'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ON CONFLICT (hour, model, provider, account, tenant, user_id, currency, status) DO UPDATE SET
    (attempts, tokens_in, tokens_out, tokens_cached, tokens_reasoning, tokens_cache_write, tokens_cache_write_1h, cost,
    latency_ms_sum, ttft_ms_sum, ttft_count, estimated_attempts) = ROW (excluded.attempts, excluded.tokens_in,
    excluded.tokens_out, excluded.tokens_cached, excluded.tokens_reasoning, excluded.tokens_cache_write,
    excluded.tokens_cache_write_1h, excluded.cost, excluded.latency_ms_sum, excluded.ttft_ms_sum, excluded.ttft_count,
    excluded.estimated_attempts);
COMMIT;
