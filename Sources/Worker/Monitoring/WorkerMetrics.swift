import CoreMetrics
import Shared
import Synchronization

/// Records what happens to jobs and attempts in this worker.
///
/// Each call finds its handle, which is made once, and adds to it.
final class WorkerMetrics: Sendable {
    private struct JobLabels: Hashable {
        let lane: Lane
        /// `nil` for an entry that nobody can read.
        let dialect: Job.Dialect?
        let outcome: JobOutcome
    }

    let registry: MetricsRegistry
    private let jobs: MetricHandles<JobLabels, Counter>
    private let waits: [Lane: Timer]
    private let models: MetricHandles<ModelMetrics.Labels, ModelMetrics>
    private let retries: MetricHandles<JobFailure.Kind, Counter>
    private let reaps: [String: Counter]
    private let fenced: Counter
    private let cacheHits: Counter
    private let cacheMisses: Counter
    private let bookedRows: Counter
    private let refusedRows: Counter
    private let streamMeter: Meter
    private let openStreams = Atomic<Int>(0)
    private let sums = Mutex(WorkerCard.Totals())

    init(_ registry: MetricsRegistry = MetricsRegistry()) {
        self.registry = registry
        jobs = MetricHandles {
            registry.counter(.jobs, $0.lane.rawValue, $0.dialect?.rawValue ?? "unknown", $0.outcome.rawValue)
        }
        waits = Dictionary(
            uniqueKeysWithValues: Lane.allCases.map { ($0, registry.timer(.jobWait, $0.rawValue)) })
        models = MetricHandles { ModelMetrics(registry, $0) }
        retries = MetricHandles { registry.counter(.retries, $0.rawValue) }
        reaps = Dictionary(
            uniqueKeysWithValues: JobQueue.Reap.labels.map { ($0, registry.counter(.reaped, $0)) })
        fenced = registry.counter(.fencedWrites)
        cacheHits = registry.counter(.cacheRequests, "hit")
        cacheMisses = registry.counter(.cacheRequests, "miss")
        bookedRows = registry.counter(.usageRows, "booked")
        refusedRows = registry.counter(.usageRows, "refused")
        streamMeter = registry.meter(.openStreams)
    }

    // MARK: - Jobs

    /// `waited` in milliseconds.
    func jobStarted(in lane: Lane, waited: Int64) { waits[lane]?.recordMilliseconds(waited) }

    func jobEnded(_ job: Job, _ outcome: JobOutcome) { jobEnded(in: job.lane, job.dialect, outcome) }

    /// An end that this worker has brought about by the attempt of `record`.
    func jobEnded(_ job: Job, _ outcome: JobOutcome, by record: AttemptRecord) {
        jobEnded(job, outcome)
        sums.withLock { $0.addEnd(record) }
    }

    func jobEnded(in lane: Lane, _ dialect: Job.Dialect?, _ outcome: JobOutcome) {
        jobs[JobLabels(lane: lane, dialect: dialect, outcome: outcome)].increment()
    }

    func retried(_ reason: JobFailure.Kind) { retries[reason].increment() }

    func reaped(_ job: Job, _ verdict: JobQueue.Reap) {
        reaps[verdict.label]?.increment()
        switch verdict {
        case .poison: jobEnded(job, .dead)
        case .workerLost: jobEnded(job, .failed)
        case .run, .lost, .ended, .duplicate: break
        }
    }

    func writeFenced() { fenced.increment() }

    func cacheAsked(isHit: Bool) { (isHit ? cacheHits : cacheMisses).increment() }

    func rowsBooked(_ count: Int) { bookedRows.increment(by: count) }
    func rowsRefused(_ count: Int) { refusedRows.increment(by: count) }

    // MARK: - Attempts

    /// Streams that are being received from platforms.
    var streams: Int { openStreams.load(ordering: .relaxed) }

    func streamStarted() {
        openStreams.add(1, ordering: .relaxed)
        streamMeter.increment()
    }

    func streamEnded() {
        openStreams.subtract(1, ordering: .relaxed)
        streamMeter.decrement()
    }

    /// Sums since the start, for the worker's card.
    var totals: WorkerCard.Totals { sums.withLock { $0 } }

    func attemptEnded(_ record: AttemptRecord) {
        models[ModelMetrics.Labels(record)].ended(record)
        sums.withLock { $0.addAttempt(record) }
    }
}

extension JobQueue.Reap {
    /// The values of the label of `aims_reaped_total`.
    fileprivate static let labels = ["run", "lost", "ended", "duplicate", "poison", "worker_lost"]

    fileprivate var label: String {
        switch self {
        case .run: "run"
        case .lost: "lost"
        case .ended: "ended"
        case .duplicate: "duplicate"
        case .poison: "poison"
        case .workerLost: "worker_lost"
        }
    }
}
