import Shared
import Synchronization

/// Holds a reader's subscription, and ends it when the reader releases the lease.
///
/// Handlers end in many ways (written, thrown, response never sent), and every one of them releases this object. Its
/// `deinit` ends the subscription and, if the answer had not ended, applies `leaving`. So no path can leak a reply.
final class ReplyLease: Sendable {
    enum Leaving: Sendable {
        /// The request goes on: background jobs, requests with a key, readers of somebody else's request.
        case goOn
        /// The request is cancelled at once, because nobody can come back to it.
        case cancel
        /// The caller may come back.
        ///
        /// `canResume`: it knows how to, by `Last-Event-ID`.
        case cancelAfterGrace(canResume: Bool)
    }

    let hub: ReplyHub
    let reply: ReplySubscription
    let created: Int64
    private let connection: CallerConnection?
    private let leaving: Leaving
    private let isOver = Mutex(false)
    /// Counts a large record while it is with the reader.
    private let hold = Mutex<LargeReads.Hold?>(nil)
    private let hasLooked = Mutex(false)
    /// The caller knows the request's id, because it named it or because something was written.
    private let hasWritten: Mutex<Bool>

    /// `isKnown`: the caller named the request by its id.
    init(
        _ reply: ReplySubscription, in hub: ReplyHub, created: Int64, leaving: Leaving, connection: CallerConnection?,
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
        hub.unsubscribe(reply)
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

    /// Waits for the next events in order, and reads the log where the fast path was not enough.
    func next() async -> ReplySubscription.Batch {
        // The caller has the bytes of the batch before.
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

    /// Cancels the request whatever `leaving` says, because the caller was told that there will be no answer.
    ///
    /// A watcher only leaves.
    func cancel() {
        isOver.withLock { $0 = true }
        hub.unsubscribe(reply)
        guard !reply.isWatcher else { return }
        hub.cancel(reply.id, deadline: deadline)
    }

    /// Leaves without a cancel, because the request was refused.
    func release() { isOver.withLock { $0 = true } }

    /// Bytes are on their way to a socket, which is closed if it does not take them in time.
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

    /// Asks once for the size of the last record: no message told it where the log was not followed from the beginning.
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
