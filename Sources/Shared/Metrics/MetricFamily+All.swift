/// All metrics of the service: names, units, labels and meanings.
///
/// `docs/monitoring/README.md` has the same list for people. Values of labels come from closed enums, from the
/// catalogue and from the table of routes. Callers, tenants, requests and texts are never labels.
extension MetricFamily {
    package static let all: [MetricFamily] = [shim, queue, accounts, worker, attempts, everyProcess].flatMap { $0 }

    // MARK: - Of a shim

    private static let shim = [httpRequests, httpDuration, openRequests, streamResumes, slowReaders]

    package static let httpRequests = MetricFamily(
        "aims_http_requests_total", .counter, labels: ["route", "method", "status"], isSparse: true,
        "HTTP requests whose answer has ended, by the template of their path (none: no such path) and class of status.")
    package static let httpDuration = MetricFamily(
        "aims_http_request_duration_seconds", .histogram(wide), labels: ["route", "method"], isSparse: true,
        "From the head of a request to the last byte of its answer, streams included.")
    package static let openRequests = MetricFamily(
        "aims_open_requests", .gauge, "Requests to models whose callers wait for an answer at this shim.")
    package static let streamResumes = MetricFamily(
        "aims_stream_resumes_total", .counter, "Streams that were picked up again by Last-Event-ID.")
    package static let slowReaders = MetricFamily(
        "aims_slow_readers_total", .counter, "Callers that were disconnected since they took no bytes.")

    // MARK: - Of the queue, as each shim sees it

    private static let queue = [
        queueDepth, queueRunning, queueOldest, queueReady, queueDelayed, queueParked, deadLetters, outboxDepth,
        outboxAge, workersAlive, fleetSlots, workersWanted, redisMemory, redisMemoryLimit, collected,
    ]

    package static let queueDepth = MetricFamily(
        "aims_queue_depth", .gauge, labels: ["lane"],
        "Requests in the lane that no worker runs, for whatever they wait.")
    package static let queueRunning = MetricFamily(
        "aims_queue_running", .gauge, labels: ["lane"], "Requests of the lane that workers hold.")
    package static let queueOldest = MetricFamily(
        "aims_queue_oldest_age_seconds", .gauge, labels: ["lane"],
        "Age of the oldest request that only waits for a worker; 0 where none does.")
    package static let queueReady = MetricFamily(
        "aims_queue_ready", .gauge, "Requests of all lanes that only wait for a worker.")
    package static let queueDelayed = MetricFamily(
        "aims_queue_delayed", .gauge, "Requests that wait for a time: the pause before another attempt.")
    package static let queueParked = MetricFamily(
        "aims_queue_waiting_for_capacity", .gauge, "Requests that wait for capacity of accounts.")
    package static let deadLetters = MetricFamily("aims_dead_letters", .gauge, "Dead letters that are kept.")
    package static let outboxDepth = MetricFamily(
        "aims_usage_outbox_depth", .gauge, "Ledger rows on their way to PostgreSQL.")
    package static let outboxAge = MetricFamily(
        "aims_usage_outbox_age_seconds", .gauge, "Age of the oldest such row; 0 where there is none.")
    package static let workersAlive = MetricFamily(
        "aims_workers_alive", .gauge, "Workers whose heartbeat has not expired.")
    package static let fleetSlots = MetricFamily(
        "aims_fleet_slots", .gauge, "Jobs that all live workers together run at once.")
    package static let workersWanted = MetricFamily(
        "aims_workers_wanted", .gauge, "Workers that GET /api/v1/queue/scaling asks for.")
    package static let redisMemory = MetricFamily(
        "aims_redis_memory_used_bytes", .gauge, labels: ["shard"], "Memory that the Redis of a shard uses.")
    package static let redisMemoryLimit = MetricFamily(
        "aims_redis_memory_limit_bytes", .gauge, labels: ["shard"],
        "Its maxmemory, or the memory of its host where that is 0.")
    package static let collected = MetricFamily(
        "aims_collector_last_success_timestamp_seconds", .gauge,
        "When the figures of queue and accounts were read the last time.")

    // MARK: - Of accounts, as each shim sees them

    private static let accounts = [accountHeadroom, accountState, accountCoolDown, accountRunning, accountWaiting]

    package static let accountHeadroom = MetricFamily(
        "aims_account_headroom_ratio", .gauge, labels: ["provider", "account", "limit"],
        "Share of a limit of the account that is left, 0 to 1, for limits that it has.")
    package static let accountState = MetricFamily(
        "aims_account_state", .gauge, labels: ["provider", "account", "state"],
        "1 for the state that the account is in.")
    package static let accountCoolDown = MetricFamily(
        "aims_account_cooldown_seconds", .gauge, labels: ["provider", "account"],
        "Time until the account is used again; 0 where it does not rest.")
    package static let accountRunning = MetricFamily(
        "aims_account_running", .gauge, labels: ["provider", "account"], "Requests that the account serves now.")
    package static let accountWaiting = MetricFamily(
        "aims_account_waiting", .gauge, labels: ["provider", "account"],
        "Requests that wait for capacity of this account, or of others that would do as well: never to be summed.")

    // MARK: - Of a worker

    private static let worker = [
        jobs, jobWait, jobsRunning, slots, retries, reaped, fencedWrites, cacheRequests, usageRows,
    ]

    package static let jobs = MetricFamily(
        "aims_jobs_total", .counter, labels: ["lane", "dialect", "outcome"], isSparse: true,
        "Requests that ended at this worker, each once.")
    package static let jobWait = MetricFamily(
        "aims_job_wait_seconds", .histogram(long), labels: ["lane"],
        "From a request's place in its lane to the start of an attempt, waiting for capacity included.")
    package static let jobsRunning = MetricFamily("aims_jobs_running", .gauge, "Jobs that run in this worker now.")
    package static let slots = MetricFamily("aims_worker_slots", .gauge, "Jobs that this worker runs at once.")
    package static let retries = MetricFamily(
        "aims_retries_total", .counter, labels: ["reason"], isSparse: true,
        "Attempts after which another one follows, by the reason of their failure.")
    package static let reaped = MetricFamily(
        "aims_reaped_total", .counter, labels: ["outcome"],
        "Requests of silent workers that this one looked at, by what became of them.")
    package static let fencedWrites = MetricFamily(
        "aims_fenced_writes_total", .counter, "Writes of this worker that were refused, since another one has the job.")
    package static let cacheRequests = MetricFamily(
        "aims_cache_requests_total", .counter, labels: ["result"], "Requests that a kept answer was looked for.")
    package static let usageRows = MetricFamily(
        "aims_usage_rows_total", .counter, labels: ["result"],
        "Ledger rows that this worker has booked, or put among the dead letters as refused.")

    // MARK: - Of attempts

    private static let attempts = [
        attemptCount, attemptDuration, firstToken, perOutputToken, tokens, cost,
    ]

    package static let attemptCount = MetricFamily(
        "aims_attempts_total", .counter, labels: ["provider", "model", "outcome", "reason"], isSparse: true,
        "Attempts, kept answers (provider cache) and refusals without a call (provider none) included.")
    package static let attemptDuration = MetricFamily(
        "aims_attempt_duration_seconds", .histogram(long), labels: ["provider", "model"], isSparse: true,
        "From the start of an attempt at a platform to its end.")
    package static let firstToken = MetricFamily(
        "aims_time_to_first_token_seconds", .histogram(long), labels: ["provider", "model"], isSparse: true,
        "From the start of a streamed attempt to its first visible delta.")
    package static let perOutputToken = MetricFamily(
        "aims_time_per_output_token_seconds", .histogram(perToken), labels: ["provider", "model"], isSparse: true,
        "Time from the first visible delta of a stream to its end, by each token after the first.")
    package static let tokens = MetricFamily(
        "aims_tokens_total", .counter, labels: ["provider", "model", "kind"], isSparse: true,
        "Tokens of attempts: input contains cached and cache_write, output contains reasoning. Never sum all kinds.")
    package static let cost = MetricFamily(
        "aims_cost_total", .counter, labels: ["provider", "model", "currency"], isSparse: true,
        "Cost of attempts by the prices of the catalogue, in the currency of the label.")

    // MARK: - Of every process

    private static let everyProcess = [
        openStreams, redisCommands, postgresQueries, dependencyUp, loopDelay, traceSpans, build, processStart,
        processCPU, processMemory, processThreads, processOpenFiles, processMostFiles,
    ]

    package static let openStreams = MetricFamily(
        "aims_streams_open", .gauge, "Streams under way: from platforms in a worker, to callers in a shim.")
    package static let redisCommands = MetricFamily(
        "aims_redis_command_duration_seconds", .histogram(short),
        "From a call of Redis, of one or more commands, to its last reply. Those that wait inside Redis do not count.")
    package static let postgresQueries = MetricFamily(
        "aims_postgres_query_duration_seconds", .histogram(short),
        "From the wish for a connection to the end of a statement or transaction.")
    package static let dependencyUp = MetricFamily(
        "aims_dependency_up", .gauge, labels: ["dependency"],
        "1 while Redis is connected, and while PostgreSQL has answered the last time.")
    package static let loopDelay = MetricFamily(
        "aims_event_loop_delay_seconds", .histogram(short), "How late timers of the event loops ring.")
    package static let traceSpans = MetricFamily(
        "aims_trace_spans_total", .counter, labels: ["result"],
        "Spans by what became of them: sent, rejected by their receiver, dropped for newer ones, failed to be sent.")
    package static let build = MetricFamily(
        "aims_build_info", .gauge, labels: ["version", "process"], "1, with the version.")
    package static let processStart = MetricFamily(
        "process_start_time_seconds", .gauge, "When the process began, in seconds since 1970.")
    package static let processCPU = MetricFamily(
        "process_cpu_seconds_total", .counter, "CPU time of user and system.")
    package static let processMemory = MetricFamily("process_resident_memory_bytes", .gauge, "Resident memory.")
    package static let processThreads = MetricFamily("process_threads", .gauge, "Threads of the system.")
    package static let processOpenFiles = MetricFamily("process_open_fds", .gauge, "Open file descriptors.")
    package static let processMostFiles = MetricFamily("process_max_fds", .gauge, "Most file descriptors allowed.")

    // MARK: - Buckets

    /// For calls of servers nearby.
    private static let short = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
    /// From a status page to a stream of some minutes.
    private static let wide = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
    ]
    /// Those of OpenTelemetry's conventions for calls of models, and two more for reasoning and for waiting.
    private static let long = (0..<16).map { 0.01 * Double(1 << $0) }
    private static let perToken = (0..<11).map { 0.0025 * Double(1 << $0) }
}
