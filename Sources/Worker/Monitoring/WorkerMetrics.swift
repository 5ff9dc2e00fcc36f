import Shared
import Synchronization

/// Counters of this worker in Prometheus' text format.
///
/// Label values come from closed enums only. In: ended attempts and jobs. Out: `text`, by the naming conventions
/// (`_total`, `_seconds`, base units).
final class WorkerMetrics: Sendable {
    private struct Counts {
        var jobs: [AttemptRecord.Status: Int] = [:]
        var failures: [JobFailure.Kind: Int] = [:]
        var attempts = 0
        var inputTokens = 0
        var outputTokens = 0
        var cacheHits = 0
        var cacheMisses = 0
        var latency = Histogram()
        var firstToken = Histogram()
    }

    private let counts = Mutex(Counts())
    private let openStreams = Atomic<Int>(0)
    let tally = JobTally()

    init() {}

    var streams: Int { openStreams.load(ordering: .relaxed) }
    func streamStarted() { openStreams.add(1, ordering: .relaxed) }
    func streamEnded() { openStreams.subtract(1, ordering: .relaxed) }

    func attemptEnded(_ record: AttemptRecord) {
        counts.withLock { counts in
            counts.attempts += 1
            counts.inputTokens = counts.inputTokens.addingClamped(record.usage.input)
            counts.outputTokens = counts.outputTokens.addingClamped(record.usage.output)
            if let kind = record.errorKind { counts.failures[kind, default: 0] += 1 }
            if let first = record.firstToken { counts.firstToken.add(Double(first) / 1000) }
            counts.latency.add(Double(record.latency) / 1000)
        }
    }

    func cacheAsked(isHit: Bool) {
        counts.withLock { counts in
            if isHit { counts.cacheHits += 1 } else { counts.cacheMisses += 1 }
        }
    }

    func jobEnded(_ record: AttemptRecord) {
        counts.withLock { $0.jobs[record.status, default: 0] += 1 }
        tally.ended(record)
    }

    /// All metrics.
    ///
    /// The caller reads `running` and `slots` from their owners.
    func text(running: Int, slots: Int) -> String {
        let counts = counts.withLock { $0 }
        var text = MetricsText()
        text.add("worker_jobs_total", .counter, "Jobs that ended here", counts.jobs.map { ("status", $0.rawValue, $1) })
        text.add(
            "worker_attempt_failures_total", .counter, "Attempts that failed, by kind",
            counts.failures.map { ("kind", $0.rawValue, $1) })
        text.add("worker_attempts_total", .counter, "Calls to platforms", counts.attempts)
        text.add("worker_input_tokens_total", .counter, "Prompt tokens", counts.inputTokens)
        text.add("worker_output_tokens_total", .counter, "Completion tokens", counts.outputTokens)
        text.add(
            "worker_cache_requests_total", .counter, "Requests that a kept answer was looked for",
            [("result", "hit", counts.cacheHits), ("result", "miss", counts.cacheMisses)])
        text.add("worker_jobs_running", .gauge, "Jobs running now", running)
        text.add("worker_slots", .gauge, "Jobs that may run at once", slots)
        text.add("worker_streams_open", .gauge, "Streams being received from platforms", streams)
        text.add("worker_attempt_duration_seconds", "From the start record to the end of an attempt", counts.latency)
        text.add("worker_first_token_seconds", "From the start record to the first visible token", counts.firstToken)
        return text.text
    }
}
