import Shared

/// Ledger rows of an attempt.
///
/// Pure: the time is handed in, in milliseconds since 1970.
extension JobRun {
    /// The row at the start, by which a reaper bills if this worker dies.
    var startRecord: AttemptRecord {
        var record = AttemptRecord(startedAt: startedAt, enqueuedAt: plan.enqueuedAt)
        record.tenant = plan.job.tenant
        record.user = plan.job.user
        record.lane = plan.job.lane
        record.isStreamed = plan.request?.isStream ?? false
        record.worker = attempt.worker
        record.usage.input = plan.promptTokens
        record.usage.isEstimated = true
        if let answer = plan.cachedAnswer {
            record.model = answer.model
            record.provider = CachePlan.provider
            record.usage = TokenUsage()
            return record
        }
        guard let route else {
            // The name that was asked for, so that the ledger counts refusals by it.
            record.model = plan.request?.model ?? ""
            return record
        }
        record.model = route.model.id
        record.provider = route.model.provider.rawValue
        record.account = route.account.id
        record.prices = route.model.prices
        return record
    }

    /// The row of an attempt that was started and never called: nobody bills it.
    func uncalledRecord(_ status: AttemptRecord.Status, at now: Int64) -> AttemptRecord {
        var record = record(endedWith: status, at: now)
        record.errorKind = status == .cancelled ? .cancelled : .workerLost
        record.usage = TokenUsage()
        return record
    }

    /// The row at the end.
    func record(of outcome: AttemptOutcome, at now: Int64) -> AttemptRecord {
        var record: AttemptRecord
        switch outcome.result {
        case .completed(let completion):
            record = completedRecord(completion, outcome, at: now)
        case .failed(let failure):
            record = failedRecord(failure, outcome, at: now)
        case .superseded(let hasEnded):
            record = self.record(endedWith: hasEnded ? .cancelled : .lost, at: now)
            record.errorKind = hasEnded ? .cancelled : .workerLost
            record.countUnreported(outcome, wasAnswered: true)
        }
        record.firstToken = outcome.firstVisible.map { $0 - startedAt }
        return record
    }

    private func record(endedWith status: AttemptRecord.Status, at now: Int64) -> AttemptRecord {
        var record = startRecord
        record.status = status
        record.endedAt = now
        return record
    }

    private func completedRecord(
        _ completion: ChatCompletionEnd, _ outcome: AttemptOutcome, at now: Int64
    ) -> AttemptRecord {
        var record = record(endedWith: .done, at: now)
        record.usage = TokenUsage(
            reported: completion.usage, estimated: record.usage,
            counted: completion.countedTokens ?? outcome.countedTokens)
        record.finishReason = completion.finishReason
        record.upstreamModel = completion.model
        record.upstreamRequest = completion.requestID
        return record
    }

    private func failedRecord(_ failure: JobFailure, _ outcome: AttemptOutcome, at now: Int64) -> AttemptRecord {
        var record = record(endedWith: cancellation.reason == .cancelled ? .cancelled : .error, at: now)
        // An unreadable answer was paid for, whatever else happened to the attempt.
        let isUnreadable = failure.kind == .unreadableAnswer
        record.errorKind = isUnreadable ? failure.kind : cancellation.reason.map(\.errorKind) ?? failure.kind
        if let paid = failure.paid {
            record.usage = TokenUsage(reported: paid, estimated: record.usage, counted: outcome.countedTokens)
        } else {
            record.countUnreported(outcome, wasAnswered: outcome.isShown || isUnreadable)
        }
        return record
    }

    func meta(_ record: AttemptRecord) -> AnswerMeta {
        var meta = AnswerMeta()
        meta.model = record.model
        meta.upstreamModel = record.upstreamModel
        meta.provider = record.provider
        meta.account = record.account
        meta.cost = spent
        meta.currency = record.prices.currency
        meta.finishReason = record.finishReason
        meta.usage = plan.cachedAnswer?.usage ?? record.usage
        meta.isCached = plan.cache.map { _ in plan.cachedAnswer != nil }
        meta.attempts = trail
        if record.status == .done { meta.dropped = route?.dropped(of: plan.request) ?? [] }
        return meta
    }
}

extension AttemptRecord {
    /// Counts an attempt for which no usage was reported at its end.
    ///
    /// An attempt that failed before any output is not billed by any of the six platforms. One that was cut off, or
    /// whose answer nobody can read, is: by the platform's count as far as it got, and by ours for what came after.
    fileprivate mutating func countUnreported(_ outcome: AttemptOutcome, wasAnswered: Bool) {
        let isCutOff = wasAnswered || status == .cancelled
        usage.output = max(outcome.countedTokens, outcome.reportedUsage?.output ?? 0)
        usage.isEstimated = isCutOff
        guard isCutOff else {
            usage.input = 0
            return
        }
        // Some platforms say what the prompt cost before they answer.
        guard var reported = outcome.reportedUsage, reported.input > 0 else { return }
        reported.output = usage.output
        reported.isEstimated = true
        usage = reported
    }
}

extension TokenUsage {
    /// The platform's own count, which wins over every estimate.
    ///
    /// A 0 beside a prompt or a text says nothing: servers write it where they do not count.
    fileprivate init(reported: TokenUsage?, estimated: TokenUsage, counted: Int) {
        self = reported ?? TokenUsage(isEstimated: estimated.isEstimated)
        if input == 0, estimated.input > 0 {
            input = estimated.input
            isEstimated = true
        }
        if output == 0, counted > 0 {
            output = counted
            isEstimated = true
        }
    }
}

extension JobCancellation.Reason {
    fileprivate var errorKind: JobFailure.Kind {
        switch self {
        case .cancelled: .cancelled
        case .leaseLost: .workerLost
        case .shutdown: .workerShutdown
        }
    }
}
