import Shared
import Testing

@testable import Worker

@Suite struct WorkerMetricsTests {
    private func record(
        _ status: AttemptRecord.Status = .done, error: JobFailure.Kind? = nil, seconds: Double = 1,
        firstToken: Double? = nil
    ) -> AttemptRecord {
        var record = AttemptRecord(startedAt: 1000, enqueuedAt: 1000)
        (record.status, record.errorKind) = (status, error)
        record.endedAt = 1000 + Int64(seconds * 1000)
        record.firstToken = firstToken.map { Int64($0 * 1000) }
        record.usage = TokenUsage(input: 100, output: 7)
        return record
    }

    /// The samples of the text, by name with labels.
    private func samples(_ metrics: WorkerMetrics, running: Int = 0, slots: Int = 0) -> [String: String] {
        let lines = metrics.text(running: running, slots: slots).split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let parts = line.split(separator: " ")
                return (String(parts[0]), String(parts[1]))
            })
    }

    @Test func `attempts count tokens and failures, jobs count how they ended`() {
        let metrics = WorkerMetrics()
        metrics.attemptEnded(record(.error, error: .timeout))
        metrics.attemptEnded(record(.error, error: .timeout))
        metrics.attemptEnded(record())
        metrics.jobEnded(record())
        metrics.jobEnded(record(.cancelled))

        let samples = samples(metrics)
        #expect(samples["worker_attempts_total"] == "3")
        #expect(samples["worker_attempt_failures_total{kind=\"timeout\"}"] == "2")
        #expect(samples["worker_input_tokens_total"] == "300")
        #expect(samples["worker_output_tokens_total"] == "21")
        #expect(samples["worker_jobs_total{status=\"done\"}"] == "1")
        #expect(samples["worker_jobs_total{status=\"cancelled\"}"] == "1")
    }

    @Test func `gauges are what they are told, and streams go up and down`() {
        let metrics = WorkerMetrics()
        metrics.streamStarted()
        metrics.streamStarted()
        metrics.streamEnded()
        let samples = samples(metrics, running: 3, slots: 8)
        #expect(samples["worker_jobs_running"] == "3")
        #expect(samples["worker_slots"] == "8")
        #expect(samples["worker_streams_open"] == "1")
    }

    @Test func `hits and misses of kept answers are told apart, from the start`() {
        let metrics = WorkerMetrics()
        #expect(samples(metrics)["worker_cache_requests_total{result=\"hit\"}"] == "0")
        metrics.cacheAsked(isHit: true)
        metrics.cacheAsked(isHit: false)
        metrics.cacheAsked(isHit: false)
        #expect(samples(metrics)["worker_cache_requests_total{result=\"hit\"}"] == "1")
        #expect(samples(metrics)["worker_cache_requests_total{result=\"miss\"}"] == "2")
    }

    @Test func `a duration counts in every bucket from its own up`() {
        let metrics = WorkerMetrics()
        metrics.attemptEnded(record(seconds: 0.03))
        metrics.attemptEnded(record(seconds: 0.5, firstToken: 0.25))
        metrics.attemptEnded(record(seconds: 4000))

        let samples = samples(metrics)
        func bucket(_ bound: String) -> String? { samples["worker_attempt_duration_seconds_bucket{le=\"\(bound)\"}"] }
        #expect(bucket("0.025") == "0")
        #expect(bucket("0.05") == "1")
        #expect(bucket("0.5") == "2")
        #expect(bucket("600.0") == "2")
        #expect(bucket("+Inf") == "3")
        #expect(samples["worker_attempt_duration_seconds_count"] == "3")
        #expect(samples["worker_attempt_duration_seconds_sum"] == "4000.53")
        #expect(samples["worker_first_token_seconds_count"] == "1")
    }

    @Test func `counters of tokens stop at their bound instead of trapping`() {
        let metrics = WorkerMetrics()
        var huge = record()
        huge.usage = TokenUsage(input: .max, output: .max)
        for _ in 0..<3 { metrics.attemptEnded(huge) }
        #expect(samples(metrics)["worker_attempts_total"] == "3")
    }
}
