import Shared

/// Plays a `SandboxScript` in real time.
///
/// In: a call. Out: the steps that a platform behind HTTP would give. Waits can be cancelled like any call.
final class SandboxStream {
    private let script: SandboxScript
    private let cancellation: JobCancellation
    private let started = ContinuousClock.now
    private var index = 0
    /// When the next step is due.
    private var due: ContinuousClock.Instant

    /// A whole answer.
    static func answer(_ call: PlatformCall, clock: any WallClock) async throws(JobFailure) -> ChatCompletionEnd {
        if case .embeddings(let request) = call.request {
            return try SandboxEmbeddings.answer(request, model: call.route.model.modelID)
        }
        return try await SandboxStream(call, clock: clock).complete()
    }

    init(_ call: PlatformCall, pace: Duration = .zero, clock: any WallClock) throws(JobFailure) {
        guard case .chat(let chat) = call.request else { throw Job.Operation.chat.refusal }
        script = SandboxScript(
            chat, model: call.route.model.modelID, attempt: call.attempt, id: "chatcmpl-\(call.requestID)",
            created: clock.now / 1000, pace: pace)
        cancellation = call.cancellation
        due = started + (script.steps.first?.pause ?? script.lastPause)
    }

    private func complete() async throws(JobFailure) -> ChatCompletionEnd {
        try await wait(until: started + script.duration)
        return try ending()
    }

    func next(notBefore: ContinuousClock.Instant?) async throws(JobFailure) -> StreamStep {
        guard index < script.steps.count else {
            try await wait(until: due)
            return .end(try ending())
        }
        // Gathering stops early where the answer ends, as it does for a transfer.
        let wake = max(due, min(notBefore ?? due, started + script.duration))
        try await wait(until: wake)
        var deltas: [ChatDelta] = []
        while index < script.steps.count, due <= wake {
            deltas.append(script.steps[index].delta)
            index += 1
            due += index < script.steps.count ? script.steps[index].pause : script.lastPause
        }
        return .deltas(deltas)
    }

    private func ending() throws(JobFailure) -> ChatCompletionEnd {
        switch script.ending {
        case .answer(let end): return end
        case .failure(let failure): throw failure
        }
    }

    private func wait(until time: ContinuousClock.Instant) async throws(JobFailure) {
        if cancellation.reason == nil, time <= .now { return }
        do {
            try await cancellation.stopping { try await EventLoopTimer.sleep(for: time - .now) }
        } catch {
            throw JobFailure(.cancelled, "the call was interrupted")
        }
    }
}
