import Logging
import Shared

/// The pipeline's log: one line a job at its end, one line a failed attempt.
struct PipelineLog: Sendable {
    /// The step after a failed attempt.
    enum AfterFailure: String, Sendable {
        case nextRoute = "next_route"
        /// Put aside, and claimed again by any worker.
        case later
        /// The caller is told.
        case tell = "tell_caller"
        /// The request has ended, or is another worker's.
        case leave
    }

    let logger: Logger

    func reaped(_ job: Job, _ verdict: JobQueue.Reap) {
        logger.info(
            "reaped",
            metadata: [
                LogKey.request: "\(job.requestID ?? "")", LogKey.job: "\(job.id)", LogKey.verdict: "\(verdict)",
            ])
    }

    func failed(_ failure: JobFailure, _ ended: EndedAttempt, next: AfterFailure) {
        var metadata = names(ended.run, ended.record)
        metadata[LogKey.kind] = "\(failure.kind.rawValue)"
        metadata[LogKey.code] = "\(failure.code ?? "")"
        metadata[LogKey.upstreamStatus] = "\(failure.upstreamStatus.map { "\($0)" } ?? "")"
        metadata[LogKey.next] = "\(next.rawValue)"
        // Operators look after accounts and platforms, not after a caller's mistake.
        let level: Logger.Level = [.account, .platform].contains(failure.kind.blame) ? .warning : .info
        logger.log(level: level, "attempt failed", metadata: metadata)
    }

    /// `verdict` is `nil` where the attempt was aborted.
    func ended(_ run: JobRun, _ record: AttemptRecord, _ verdict: JobQueue.Finish?) {
        var metadata = names(run, record)
        metadata[LogKey.outcome] = "\(record.status.rawValue)"
        metadata[LogKey.error] = "\(record.errorKind?.rawValue ?? "")"
        metadata[LogKey.verdict] = "\(verdict?.rawValue ?? "aborted")"
        logger.info("job ended", metadata: metadata)
    }

    private func names(_ run: JobRun, _ record: AttemptRecord) -> Logger.Metadata {
        [
            LogKey.request: "\(run.plan.job.requestID ?? "")", LogKey.job: "\(run.attempt.id)",
            LogKey.attempt: "\(run.attempt.number)", LogKey.provider: "\(record.provider)",
            LogKey.model: "\(record.model)", LogKey.account: "\(record.account)",
            LogKey.milliseconds: "\(record.latency)",
        ]
    }
}
