import NIOCore
import Shared
import Synchronization

/// One HTTP connection, as far as a waiting reply must know it: whether the caller is still there, whether it reads.
final class Connection: Sendable {
    private struct State {
        var reply: OpenReply?
        var isClosed = false
        var writingSince: ContinuousClock.Instant?
    }

    private let channel: any Channel
    private let state = Mutex(State())

    init(_ channel: any Channel) { self.channel = channel }

    /// Tells `reply` when the caller leaves; at once if it has left.
    func watch(_ reply: OpenReply) {
        let isClosed = state.withLock { state in
            state.reply = reply
            return state.isClosed
        }
        if isClosed { reply.callerLeft() }
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

    func willWrite() { state.withLock { $0.writingSince = .now } }
    func didWrite() { state.withLock { $0.writingSince = nil } }

    /// Closes the connection if a write has not been taken for `limit`; the writer then fails.
    func closeIfStuck(for limit: Duration, now: ContinuousClock.Instant) {
        guard let since = state.withLock({ $0.writingSince }), now - since >= limit else { return }
        channel.close(promise: nil)
    }
}

/// All HTTP connections of this process by their channel.
///
/// Hummingbird's own way to notice a caller that left costs a task group per request; a handler in the pipeline costs
/// nothing until it happens.
final class Connections: Sendable {
    private let all = Mutex<[ObjectIdentifier: Connection]>([:])

    func of(_ channel: any Channel) -> Connection? { all.withLock { $0[ObjectIdentifier(channel)] } }

    func closeStuck(for limit: Duration) {
        let now = ContinuousClock.now
        for connection in all.withLock({ Array($0.values) }) { connection.closeIfStuck(for: limit, now: now) }
    }

    fileprivate func opened(_ channel: any Channel) {
        let connection = Connection(channel)
        all.withLock { $0[ObjectIdentifier(channel)] = connection }
    }

    fileprivate func closed(_ channel: any Channel) {
        all.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }?.callerLeft()
    }

    /// The handler that stands in every connection's pipeline.
    final class Handler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = Any

        private let connections: Connections

        init(_ connections: Connections) { self.connections = connections }

        func handlerAdded(context: ChannelHandlerContext) { connections.opened(context.channel) }

        func channelInactive(context: ChannelHandlerContext) {
            connections.closed(context.channel)
            context.fireChannelInactive()
        }

        /// The caller's half of the connection is closed: callers that wait for an answer do not do that.
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { connections.of(context.channel)?.callerLeft() }
            context.fireUserInboundEventTriggered(event)
        }
    }
}
