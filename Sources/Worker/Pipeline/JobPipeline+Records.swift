import Shared

/// What the pipeline writes down about an attempt: the ledger row and the answer's meta data.
extension JobPipeline {
    /// The row at the start: what a reaper bills with if this worker dies.
    func record(_ run: JobRun) -> AttemptRecord {
        var record = AttemptRecord(startedAt: run.startedAt, enqueuedAt: run.plan.enqueuedAt)
        let job = run.plan.job
        record.tenant = job.tenant
        record.user = job.user
        record.lane = job.lane
        record.isStreamed = run.plan.request?.isStream ?? false
        record.worker = run.attempt.worker
        record.usage.input = run.plan.promptTokens
        record.usage.isEstimated = true
        if let hit = run.plan.hit {
            record.model = hit.model
            record.provider = CachePlan.provider
            record.usage = TokenUsage()
            return record
        }
        guard let route = run.route else {
            // Known to the ledger under the name that was asked for, so that refusals can be counted by it.
            record.model = run.plan.request?.model ?? ""
            return record
        }
        record.model = route.model.id
        record.provider = route.model.provider.rawValue
        record.account = route.account.id
        record.prices = route.model.prices
        return record
    }

    func record(_ run: JobRun, endedWith status: AttemptRecord.Status) -> AttemptRecord {
        var record = record(run)
        record.status = status
        record.endedAt = clock.now
        return record
    }

    /// The row of an attempt that was started and never called: nobody bills it.
    func uncalled(_ run: JobRun, _ status: AttemptRecord.Status) -> AttemptRecord {
        var record = record(run, endedWith: status)
        record.errorKind = status == .cancelled ? .cancelled : .workerLost
        record.usage = TokenUsage()
        return record
    }

    /// The row at the end.
    func record(_ run: JobRun, _ outcome: AttemptOutcome) -> AttemptRecord {
        var record: AttemptRecord
        switch outcome.result {
        case .completed(let completion):
            record = self.record(run, endedWith: .done)
            record.usage = JobPipeline.usage(
                completion.usage, estimated: record.usage, counted: completion.countedTokens ?? outcome.countedTokens)
            record.finishReason = completion.finishReason
            record.upstreamModel = completion.model
            record.upstreamRequest = completion.requestID
        case .failed(let failure):
            record = self.record(run, endedWith: run.interrupt.reason == .cancelled ? .cancelled : .error)
            // Paid for, whatever else happened to the attempt.
            let isUnreadable = failure.kind == .unreadableAnswer
            record.errorKind = isUnreadable ? failure.kind : run.interrupt.reason.map(\.errorKind) ?? failure.kind
            if let paid = failure.paid {
                record.usage = JobPipeline.usage(paid, estimated: record.usage, counted: outcome.countedTokens)
            } else {
                countUnreported(&record, outcome, wasAnswered: outcome.isShown || isUnreadable)
            }
        case .superseded(let hasEnded):
            record = self.record(run, endedWith: hasEnded ? .cancelled : .lost)
            record.errorKind = hasEnded ? .cancelled : .workerLost
            countUnreported(&record, outcome, wasAnswered: true)
        }
        record.firstToken = outcome.firstVisible.map { $0 - run.startedAt }
        return record
    }

    /// An attempt that failed before any output is not billed by any of the six platforms; one that was cut off, or whose
    /// answer nobody can read, is: by the platform's count as far as it got, and by ours for what came after.
    private func countUnreported(_ record: inout AttemptRecord, _ outcome: AttemptOutcome, wasAnswered: Bool) {
        let isCutOff = wasAnswered || record.status == .cancelled
        record.usage.output = max(outcome.countedTokens, outcome.reportedUsage?.output ?? 0)
        record.usage.isEstimated = isCutOff
        guard isCutOff else {
            record.usage.input = 0
            return
        }
        // Some platforms say what the prompt cost before they answer.
        guard var reported = outcome.reportedUsage, reported.input > 0 else { return }
        reported.output = record.usage.output
        reported.isEstimated = true
        record.usage = reported
    }

    /// What the platform said, which wins over every estimate.
    ///
    /// A 0 beside a prompt or a text that there was says nothing: servers write it where they do not count.
    private static func usage(_ said: TokenUsage?, estimated: TokenUsage, counted: Int) -> TokenUsage {
        var usage = said ?? TokenUsage(isEstimated: estimated.isEstimated)
        if usage.input == 0, estimated.input > 0 {
            usage.input = estimated.input
            usage.isEstimated = true
        }
        if usage.output == 0, counted > 0 {
            usage.output = counted
            usage.isEstimated = true
        }
        return usage
    }

    func meta(_ run: JobRun, _ record: AttemptRecord) -> AnswerMeta {
        var meta = AnswerMeta()
        meta.model = record.model
        meta.upstreamModel = record.upstreamModel
        meta.provider = record.provider
        meta.account = record.account
        meta.cost = run.spent
        meta.currency = record.prices.currency
        meta.finishReason = record.finishReason
        meta.usage = run.plan.hit?.usage ?? record.usage
        meta.isCached = run.plan.cache.map { $0.hit != nil }
        meta.attempts = run.trail
        if record.status == .done { meta.dropped = run.route?.dropped(of: run.plan.request) ?? [] }
        return meta
    }
}

extension JobCancellation.Reason {
    var errorKind: JobFailure.Kind {
        switch self {
        case .cancelled: .cancelled
        case .leaseLost: .workerLost
        case .shutdown: .workerShutdown
        }
    }
}
