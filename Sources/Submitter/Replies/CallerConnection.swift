import NIOCore
import Shared
import Synchronization

/// Watches one HTTP connection for a waiting reply: its caller may leave, or take no bytes.
final class CallerConnection: Sendable {
    private struct State {
        var reply: ReplySubscription?
        var isClosed = false
        var isHalfClosed = false
        var writingSince: ContinuousClock.Instant?
        var readingSince: ContinuousClock.Instant?
    }

    private let channel: any Channel
    private let state = Mutex(State())

    init(_ channel: any Channel) { self.channel = channel }

    /// Tells `reply` when the caller leaves, at once if it has left.
    func watch(_ reply: ReplySubscription) {
        let (isClosed, isHalfClosed) = state.withLock { state in
            state.reply = reply
            return (state.isClosed, state.isHalfClosed)
        }
        if isClosed { reply.callerLeft() } else if isHalfClosed { reply.probe() }
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

    /// The caller has closed its half, and a write finds out whether it is gone.
    func callerClosedItsHalf() {
        let reply = state.withLock { state in
            state.isHalfClosed = true
            return state.reply
        }
        reply?.probe()
    }

    /// The rest of a request is awaited.
    func isReading(_ isReading: Bool) { state.withLock { $0.readingSince = isReading ? .now : nil } }

    func willWrite() { state.withLock { $0.writingSince = .now } }
    func didWrite() { state.withLock { $0.writingSince = nil } }

    /// Closes the connection if a write has not been taken for `limit`, so that the writer fails.
    ///
    /// Returns `true` where it was stuck.
    func closeIfStuck(for limit: Duration, now: ContinuousClock.Instant) -> Bool {
        let isStuck = state.withLock { state in
            guard let since = state.writingSince, now - since >= limit else { return false }
            state.writingSince = nil
            return true
        }
        if isStuck { channel.close(promise: nil) }
        return isStuck
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

/// The body of a request did not arrive within `BODY_TIMEOUT`.
struct SlowBody: Error {}

/// Finds the HTTP connections of this process by their channel.
///
/// Hummingbird's own way to notice a caller that left costs a task group per request. A handler in the pipeline costs
/// nothing until it happens.
final class CallerConnections: Sendable {
    private let all = Mutex<[ObjectIdentifier: CallerConnection]>([:])

    func of(_ channel: any Channel) -> CallerConnection? { all.withLock { $0[ObjectIdentifier(channel)] } }

    /// Returns how many took no bytes.
    func closeStuck(writing: Duration, reading: Duration) -> Int {
        let now = ContinuousClock.now
        return all.withLock { Array($0.values) }.count { connection in
            connection.giveUpIfSlow(for: reading, now: now)
            return connection.closeIfStuck(for: writing, now: now)
        }
    }

    func opened(_ channel: any Channel) -> CallerConnection {
        let connection = CallerConnection(channel)
        all.withLock { $0[ObjectIdentifier(channel)] = connection }
        return connection
    }

    func closed(_ channel: any Channel) {
        all.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }?.callerLeft()
    }
}
