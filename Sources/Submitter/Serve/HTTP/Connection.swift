import NIOCore
import Shared
import Synchronization

/// One HTTP connection, as far as a waiting reply must know it: whether the caller is still there, whether it reads.
final class Connection: Sendable {
    private struct State {
        var reply: ReplySubscription?
        var isClosed = false
        var isDoubted = false
        var writingSince: ContinuousClock.Instant?
        var readingSince: ContinuousClock.Instant?
    }

    private let channel: any Channel
    private let state = Mutex(State())

    init(_ channel: any Channel) { self.channel = channel }

    /// Tells `reply` when the caller leaves; at once if it has left.
    func watch(_ reply: ReplySubscription) {
        let (isClosed, isDoubted) = state.withLock { state in
            state.reply = reply
            return (state.isClosed, state.isDoubted)
        }
        if isClosed { reply.callerLeft() } else if isDoubted { reply.probe() }
    }

    func unwatch() {
        state.withLock { state in
            state.reply = nil
            state.writingSince = nil
        }
    }

    func callerLeft() {
        let reply = state.withLock { state in
            state.isClosed = true
            return state.reply
        }
        reply?.callerLeft()
    }

    /// The caller has closed its half: whether it is gone is found out by writing to it.
    func doubt() {
        let reply = state.withLock { state in
            state.isDoubted = true
            return state.reply
        }
        reply?.probe()
    }

    /// The rest of a request is awaited.
    func isReading(_ isReading: Bool) { state.withLock { $0.readingSince = isReading ? .now : nil } }

    func willWrite() { state.withLock { $0.writingSince = .now } }
    func didWrite() { state.withLock { $0.writingSince = nil } }

    /// Closes the connection if a write has not been taken for `limit`; the writer then fails.
    func closeIfStuck(for limit: Duration, now: ContinuousClock.Instant) {
        guard let since = state.withLock({ $0.writingSince }), now - since >= limit else { return }
        channel.close(promise: nil)
    }

    /// Ends the wait for a body that takes longer than `limit`.
    func giveUpIfSlow(for limit: Duration, now: ContinuousClock.Instant) {
        let isSlow = state.withLock { state in
            guard let since = state.readingSince, now - since >= limit else { return false }
            state.readingSince = nil
            return true
        }
        if isSlow { channel.pipeline.fireUserInboundEventTriggered(SlowBody()) }
    }
}

/// All HTTP connections of this process by their channel.
///
/// Hummingbird's own way to notice a caller that left costs a task group per request; a handler in the pipeline costs
/// nothing until it happens.
final class Connections: Sendable {
    private let all = Mutex<[ObjectIdentifier: Connection]>([:])

    func of(_ channel: any Channel) -> Connection? { all.withLock { $0[ObjectIdentifier(channel)] } }

    func closeStuck(writing: Duration, reading: Duration) {
        let now = ContinuousClock.now
        for connection in all.withLock({ Array($0.values) }) {
            connection.closeIfStuck(for: writing, now: now)
            connection.giveUpIfSlow(for: reading, now: now)
        }
    }

    func opened(_ channel: any Channel) -> Connection {
        let connection = Connection(channel)
        all.withLock { $0[ObjectIdentifier(channel)] = connection }
        return connection
    }

    func closed(_ channel: any Channel) {
        all.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }?.callerLeft()
    }
}
