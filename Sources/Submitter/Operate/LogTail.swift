import Shared
import Synchronization

/// Follows the log of one request by blocking reads, and prints its answer.
///
/// 1. A read gives the records behind the last one that was shown, or waits for one.
/// 2. A lost connection repeats the read, up to the queue's patience (60 s). It can neither lose nor repeat a record.
/// 3. A read without an answer is used to tell why the request waits, and to see whether it is still there.
///
/// Nothing else may use the queue's connection meanwhile.
final class LogTail: Sendable {
    enum Outcome: Sendable {
        case answered
        case failed(JobFailure)
        /// Nobody knows the request, or its log has expired before its end was read.
        case gone
    }

    /// Longest XREAD.
    ///
    /// Chosen: a notice is a second late at most.
    private static let block = Duration.seconds(1)
    /// Empty reads between two searches for a request that has no log, which may look at thousands of entries.
    private static let searchEvery = 5
    /// The same where lanes are longer than a search looks.
    private static let longSearchEvery = 60

    private let target: JobTarget
    private let printer: ChatPrinter
    private let state: Mutex<TailState>

    init(_ target: JobTarget, _ printer: ChatPrinter, after start: RequestLogID) {
        self.target = target
        self.printer = printer
        state = Mutex(TailState(after: start))
    }

    var id: String { target.id }
    /// The last record that was shown.
    var last: RequestLogID { state.withLock { $0.last } }
    private var queue: JobQueue { target.queue }

    func follow() async throws(RedisError) -> Outcome {
        var (silence, notice) = (0, WaitingNotice?.none)
        guard try await isKnown(silence) else { return .gone }
        while true {
            let entries = try await patiently { () async throws(RedisError) in try await self.read() }
            for event in state.withLock({ $0.read(entries) }) {
                guard case .end(let end) = event else {
                    printer.print(event)
                    continue
                }
                if let failure = end.failure { return .failed(failure) }
                printer.end(end)
                return .answered
            }
            silence = entries.isEmpty ? silence + 1 : 0
            guard silence > 0 else { continue }
            guard try await isKnown(silence) else { return .gone }
            try await tellWaiting(&notice)
        }
    }

    /// Repeats what a lost connection ended.
    private func patiently<Answer: Sendable>(
        _ operation: () async throws(RedisError) -> Answer
    ) async throws(RedisError) -> Answer {
        try await queue.persist(operation)
    }

    private func read() async throws(RedisError) -> [RequestLogEntry] {
        let reply = try await queue.redis.send(
            RedisCommand(
                "XREAD", "COUNT", "64", "BLOCK", .int(Self.block.milliseconds), "STREAMS",
                .string(queue.keys.log(id)), .string("\(last)")), timeout: Self.block + .seconds(5))
        return RequestLogEntry.list(reply.array?.first?.array?.last ?? .null)
    }

    private func isKnown(_ silence: Int) async throws(RedisError) -> Bool {
        let tops = try await patiently { () async throws(RedisError) in try await self.queue.logTops([self.id]) }
        if tops.first.flatMap(\.self) != nil { return true }
        if state.withLock({ $0.isBegun }) { return false }
        let pause = state.withLock { $0.isUnseen } ? Self.longSearchEvery : Self.searchEvery
        guard silence % pause == 0 else { return true }
        let outcome = try await patiently { () async throws(RedisError) in
            try await QueueListing(queue: self.queue).find(self.id)
        }
        if outcome == .unseen, state.withLock({ $0.isFirstUnseen() }) {
            StandardStreams.error("[waiting: \(JobTarget.unseen)]\n")
        }
        return outcome != .absent
    }

    /// Says why a request has not begun, once for each reason.
    private func tellWaiting(_ last: inout WaitingNotice?) async throws(RedisError) {
        var notice: WaitingNotice?
        let (place, workers) = try await patiently { () async throws(RedisError) in
            (try await self.queue.place(of: self.id), try await self.queue.liveWorkers())
        }
        if let place { notice = .place(place) }
        if workers == 0 { notice = .noWorker }
        if let notice, notice != last, !Self.isSamePosition(notice, last) { printer.tell(notice) }
        last = notice
    }

    /// The expected time changes with every look.
    private static func isSamePosition(_ one: WaitingNotice, _ other: WaitingNotice?) -> Bool {
        guard case .place(let place) = one, case .place(let before)? = other else { return false }
        return place.position == before.position
    }
}
