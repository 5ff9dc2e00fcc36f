import Shared
import Synchronization

/// A reader's hold on its open reply; letting go of it is leaving.
///
/// Handlers end in many ways (written, thrown, response never sent), and every one of them releases this object: its
/// `deinit` closes the reply and, if the answer had not ended, applies `onLeaving`. So no path can leak a reply.
final class ReplyLease: Sendable {
    enum Leaving: Sendable {
        /// The request goes on: background jobs, idempotent requests, mere readers.
        case goOn
        /// Nobody can come back to it.
        case cancel
        /// The caller may come back with `Last-Event-ID`, and is known to be able to, or not.
        case cancelAfterGrace(canResume: Bool)
    }

    let hub: ReplyHub
    let reply: ReplySubscription
    let created: Int64
    private let connection: Connection?
    private let leaving: Leaving
    private let isOver = Mutex(false)
    /// For a large record that is with the reader.
    private let hold = Mutex<LargeReads.Hold?>(nil)
    private let hasLooked = Mutex(false)
    /// The caller knows the request's id: it named it, or something was written.
    private let hasWritten: Mutex<Bool>

    /// `isKnown`: the caller named the request by its id.
    init(
        _ reply: ReplySubscription, in hub: ReplyHub, created: Int64, leaving: Leaving, connection: Connection?,
        isKnown: Bool = false
    ) {
        hasWritten = Mutex(isKnown)
        self.reply = reply
        self.hub = hub
        self.created = created
        self.leaving = leaving
        self.connection = connection
        connection?.watch(reply)
    }

    deinit {
        connection?.unwatch()
        hub.close(reply)
        guard !isOver.withLock({ $0 }) else { return }
        switch leaving {
        case .goOn: break
        case .cancel: hub.cancel(reply.id, deadline: deadline)
        case .cancelAfterGrace(let canResume):
            hub.cancel(reply.id, after: hasWritten.withLock { $0 } ? grace(canResume) : .zero, deadline: deadline)
        }
    }

    private func grace(_ canResume: Bool) -> Duration {
        canResume ? max(hub.configuration.cancelGrace, hub.configuration.resumeGrace) : hub.configuration.cancelGrace
    }

    private var deadline: Int64? { reply.resubmission?.job.deadline }

    var id: String { reply.id }

    /// The next events in order; waits for them, and reads the log where the fast path was not enough.
    func next() async -> ReplySubscription.Batch {
        // What was read before is written.
        hold.withLock { $0 = nil }
        while true {
            switch reply.step() {
            case .batch(let batch):
                if case .events(let events) = batch, case .end? = events.last { isOver.withLock { $0 = true } }
                return batch
            case .readLog(let last): await readLog(after: last)
            case .wait:
                hold.withLock { $0 = nil }
                await reply.wait()
            }
        }
    }

    /// The caller was told that there will be no answer: the request must not run on, whatever the policy for leaving.
    func giveUp() {
        isOver.withLock { $0 = true }
        hub.close(reply)
        hub.cancel(reply.id, deadline: deadline)
    }

    /// The request was refused: nothing is to be cancelled.
    func abandon() { isOver.withLock { $0 = true } }

    /// The bytes are on their way to a socket: it is closed if it does not take them in time.
    func willWrite() {
        hasWritten.withLock { $0 = true }
        connection?.willWrite()
    }
    func didWrite() { connection?.didWrite() }

    private func readLog(after last: RequestLogID) async {
        do throws(RedisError) {
            try await lookOnce()
            let isLarge = reply.largest > QueueScripts.largestMessage
            // Large records come one at a time, so that one hold is enough.
            let page = isLarge ? 1 : hub.configuration.page
            let queues = isLarge ? hub.largeQueues : hub.queues
            if isLarge { await takeHold(reply.largest) }
            let entries = try await queues[id: reply.id].readLog(reply.id, after: last, count: page)
            let isForeign = reply.read(entries, isWhole: entries.count < page, ownChannel: hub.channel)
            if isForeign { hub.follow(reply.id) }
        } catch {
            hold.withLock { $0 = nil }
            reply.readFailed()
        }
    }

    /// Nobody told how large the log's end is where it was not followed from the beginning.
    private func lookOnce() async throws(RedisError) {
        let isFirst = hasLooked.withLock { looked in
            defer { looked = true }
            return !looked
        }
        guard isFirst, let top = try await hub.queues[id: reply.id].logTops([reply.id]).first ?? nil else { return }
        reply.note(top)
    }

    private func takeHold(_ bytes: Int) async {
        guard hold.withLock({ $0 == nil }) else { return }
        let taken = await hub.largeReads.hold(bytes)
        hold.withLock { $0 = taken }
    }
}
