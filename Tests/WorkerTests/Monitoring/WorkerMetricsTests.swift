import Shared
import Testing

@testable import Worker

@Suite struct WorkerMetricsTests {
    private func record(
        _ status: AttemptRecord.Status = .done, error: JobFailure.Kind? = nil, seconds: Double = 1,
        firstToken: Double? = nil, model: String = "m", provider: String = "openai", account: String = "a"
    ) -> AttemptRecord {
        var record = AttemptRecord(startedAt: 1000, enqueuedAt: 1000)
        (record.status, record.errorKind) = (status, error)
        record.endedAt = 1000 + Int64(seconds * 1000)
        record.firstToken = firstToken.map { Int64($0 * 1000) }
        record.usage = TokenUsage(input: 100, output: 11, cached: 40, reasoning: 3, cacheWrites: 2)
        (record.model, record.provider, record.account) = (model, provider, account)
        record.prices = Prices(input: 1_000_000, output: 0, currency: "CNY")
        return record
    }

    /// The samples of the text, by name with labels.
    private func samples(_ metrics: WorkerMetrics) -> [String: String] {
        let lines = metrics.registry.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Dictionary(
            uniqueKeysWithValues: lines.compactMap { line in
                line.lastIndex(of: " ").map { (String(line[..<$0]), String(line[line.index(after: $0)...])) }
            })
    }

    @Test func `attempts are counted by model, outcome and reason`() {
        let metrics = WorkerMetrics()
        metrics.attemptEnded(record(.error, error: .timeout))
        metrics.attemptEnded(record(.error, error: .timeout))
        metrics.attemptEnded(record())

        let (samples, model) = (samples(metrics), #"provider="openai",model="m""#)
        #expect(samples["aims_attempts_total{\(model),outcome=\"error\",reason=\"timeout\"}"] == "2")
        #expect(samples["aims_attempts_total{\(model),outcome=\"done\",reason=\"none\"}"] == "1")
        for (kind, count) in [("input", 300), ("cached", 120), ("cache_write", 6), ("output", 33), ("reasoning", 9)] {
            #expect(samples["aims_tokens_total{\(model),kind=\"\(kind)\"}"] == "\(count)")
        }
        #expect(samples["aims_cost_total{\(model),currency=\"CNY\"}"] == "300")
    }

    @Test func `names that callers make up are no labels`() {
        let metrics = WorkerMetrics()
        for number in 0..<300 {
            metrics.attemptEnded(
                record(.error, error: .modelNotFound, model: "made-up-\(number)", provider: "", account: ""))
        }
        let samples = samples(metrics)
        let labels = #"provider="none",model="other",outcome="error",reason="model_not_found""#
        #expect(samples["aims_attempts_total{\(labels)}"] == "300")
        #expect(!metrics.registry.text.contains("made-up"))
        #expect(!metrics.registry.text.contains("aims_attempt_duration_seconds"))
    }

    @Test func `kept answers are attempts that take no time of a platform`() {
        let metrics = WorkerMetrics()
        metrics.attemptEnded(record(provider: CachePlan.provider, account: ""))
        let samples = samples(metrics)
        #expect(samples[#"aims_attempts_total{provider="cache",model="m",outcome="done",reason="none"}"#] == "1")
        #expect(!samples.keys.contains { $0.hasPrefix("aims_tokens_total") })
    }

    @Test func `durations are histograms, and tokens after the first have a pace`() {
        let metrics = WorkerMetrics()
        metrics.attemptEnded(record(seconds: 0.03))
        metrics.attemptEnded(record(seconds: 0.5, firstToken: 0.25))
        metrics.attemptEnded(record(seconds: 4000))

        let (samples, model) = (samples(metrics), #"provider="openai",model="m""#)
        func bucket(_ bound: String) -> String? {
            samples["aims_attempt_duration_seconds_bucket{\(model),le=\"\(bound)\"}"]
        }
        #expect(bucket("0.02") == "0" && bucket("0.04") == "1" && bucket("0.64") == "2")
        #expect(bucket("327.68") == "2" && bucket("+Inf") == "3")
        #expect(samples["aims_attempt_duration_seconds_sum{\(model)}"] == "4000.53")
        #expect(samples["aims_time_to_first_token_seconds_count{\(model)}"] == "1")
        // A quarter of a second for ten tokens.
        #expect(samples["aims_time_per_output_token_seconds_sum{\(model)}"] == "0.025")
    }

    @Test func `jobs are counted by lane, dialect and outcome, and wait in their lane`() {
        let metrics = WorkerMetrics()
        var job = Job(id: "0-a", deadline: 0, body: .stored)
        job.lane = .high
        metrics.jobStarted(in: .high, waited: 20)
        metrics.jobEnded(job, .completed)
        metrics.jobEnded(in: .batch, nil, .dead)

        let samples = samples(metrics)
        #expect(samples[#"aims_jobs_total{lane="high",dialect="openai.chat",outcome="completed"}"#] == "1")
        #expect(samples[#"aims_jobs_total{lane="batch",dialect="unknown",outcome="dead"}"#] == "1")
        #expect(samples[#"aims_job_wait_seconds_bucket{lane="high",le="0.02"}"#] == "1")
        #expect(samples[#"aims_job_wait_seconds_count{lane="normal"}"#] == "0")
    }

    @Test func `a reaped job that ends is counted where it ends`() {
        let metrics = WorkerMetrics()
        let job = Job(id: "0-a", deadline: 0, body: .stored)
        for verdict in [JobQueue.Reap.run(number: 2, deliveries: 2), .poison, .workerLost, .lost] {
            metrics.reaped(job, verdict)
        }
        let samples = samples(metrics)
        for outcome in ["run", "poison", "worker_lost", "lost"] {
            #expect(samples["aims_reaped_total{outcome=\"\(outcome)\"}"] == "1")
        }
        #expect(samples[#"aims_jobs_total{lane="normal",dialect="openai.chat",outcome="dead"}"#] == "1")
        #expect(samples[#"aims_jobs_total{lane="normal",dialect="openai.chat",outcome="failed"}"#] == "1")
    }

    @Test func `streams go up and down, and the rest is counted from 0 on`() {
        let metrics = WorkerMetrics()
        #expect(samples(metrics)[#"aims_cache_requests_total{result="hit"}"#] == "0")
        metrics.streamStarted()
        metrics.streamStarted()
        metrics.streamEnded()
        metrics.cacheAsked(isHit: true)
        metrics.retried(.rateLimited)
        metrics.writeFenced()
        metrics.rowsBooked(7)
        metrics.rowsRefused(1)

        let samples = samples(metrics)
        #expect(samples["aims_streams_open"] == "1" && metrics.streams == 1)
        #expect(samples[#"aims_cache_requests_total{result="hit"}"#] == "1")
        #expect(samples[#"aims_retries_total{reason="rate_limited"}"#] == "1")
        #expect(samples["aims_fenced_writes_total"] == "1")
        #expect(samples[#"aims_usage_rows_total{result="booked"}"#] == "7")
        #expect(samples[#"aims_usage_rows_total{result="refused"}"#] == "1")
    }

    @Test func `sums for the worker's card stop at their bound instead of trapping`() {
        let metrics = WorkerMetrics()
        var huge = record(.error)
        huge.usage = TokenUsage(input: .max, output: .max)
        for _ in 0..<3 { metrics.attemptEnded(huge) }

        #expect(metrics.totals.attempts == 3 && metrics.totals.failed == 3)
        #expect(metrics.totals.inputTokens == 3 * Bounds.counts.upperBound)
    }
}
