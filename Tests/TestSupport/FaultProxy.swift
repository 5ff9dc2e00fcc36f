import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy in front of any server, with faults that can be switched while connections run.
///
/// Faults act on the bytes that arrive after they were set, `cutAll` acts on the connections there are.
package final class FaultProxy: Sendable {
    /// Faults of bytes and connections.
    ///
    /// The default changes nothing.
    package struct Faults: Sendable {
        /// New connections are closed at once.
        package var refusesConnections = false
        /// Everything is swallowed, in both directions, and connections stay open.
        package var isHalfOpen = false
        package var requestDelay = Duration.zero
        package var replyDelay = Duration.zero
        /// Each byte travels alone, as far as TCP lets it.
        package var isByteByByte = false
        /// Per connection and direction.
        ///
        /// `nil` for no limit.
        package var bytesPerSecond: Int?
        /// Bytes of replies let through, over all connections, before they are all cut.
        package var cutAfterReplyBytes: Int?

        package init() {}
    }

    package struct Counters: Sendable, Equatable {
        package var connections = 0
        package var requestBytes = 0
        package var replyBytes = 0
        package var lostReplies = 0
    }

    private struct State {
        var faults = Faults()
        var counters = Counters()
        /// Requests still to pass before a reply is lost.
        ///
        /// `nil` when none is to be lost.
        var requestsBeforeLoss: Int?
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    /// A pipe's next step with the bytes it read.
    enum Verdict {
        case pass(after: Duration)
        case swallow
        case passThenCut(bytes: Int)
        case cut
    }

    private let group: any EventLoopGroup
    private let state: Mutex<State>
    private let listener: Mutex<(any Channel)?> = Mutex(nil)
    private let target: Int

    private init(target: Int) {
        self.target = target
        group = MultiThreadedEventLoopGroup.singleton
        state = Mutex(State())
    }

    /// Starts a proxy to a port of 127.0.0.1.
    package static func start(to port: Int) async throws -> FaultProxy {
        let proxy = FaultProxy(target: port)
        let listener = try await ServerBootstrap(group: proxy.group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { proxy.accept($0) }
            .bind(host: "127.0.0.1", port: 0).get()
        proxy.listener.withLock { $0 = listener }
        return proxy
    }

    package var port: Int { listener.withLock { $0?.localAddress?.port } ?? 0 }
    package var url: String { "redis://127.0.0.1:\(port)" }
    package var counters: Counters { state.withLock { $0.counters } }

    // MARK: - Faults

    package func set(_ change: (inout Faults) -> Void) { state.withLock { change(&$0.faults) } }

    /// Lets `requests` more requests pass with their replies, then swallows the reply to the next one and cuts its
    /// connection: the server has done what was asked, and nobody hears of it.
    package func loseReply(afterRequests requests: Int = 0) {
        state.withLock { $0.requestsBeforeLoss = requests }
    }

    /// Closes every connection there is.
    package func cutAll() {
        let channels = state.withLock { Array($0.channels.values) }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Ends the proxy and its connections.
    package func stop() async throws {
        let listener = listener.withLock { $0 }
        try await listener?.close()
        cutAll()
    }

    // MARK: - Connections

    private func accept(_ client: any Channel) -> EventLoopFuture<Void> {
        let isRefused = state.withLock { state in
            state.counters.connections += 1
            return state.faults.refusesConnections
        }
        guard !isRefused else { return client.close() }
        return ClientBootstrap(group: client.eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: target)
            .flatMapThrowing { server in
                try client.pipeline.syncOperations.addHandler(FaultPipe(self, isRequests: true, to: server))
                try server.pipeline.syncOperations.addHandler(FaultPipe(self, isRequests: false, to: client))
                self.remember(client)
                self.remember(server)
                try client.syncOptions?.setOption(.autoRead, value: true)
                try server.syncOptions?.setOption(.autoRead, value: true)
            }
    }

    private func remember(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        state.withLock { $0.channels[key] = channel }
        channel.closeFuture.whenComplete { _ in self.state.withLock { _ = $0.channels.removeValue(forKey: key) } }
    }

    // MARK: - Decisions

    var isByteByByte: Bool { state.withLock { $0.faults.isByteByByte } }

    /// Counts `count` bytes and decides what becomes of them.
    func judge(requests: Bool, _ count: Int) -> Verdict {
        state.withLock { state in
            if state.faults.isHalfOpen { return .swallow }
            return requests ? Self.judgeRequest(&state, count) : Self.judgeReply(&state, count)
        }
    }

    private static func judgeRequest(_ state: inout State, _ count: Int) -> Verdict {
        state.counters.requestBytes += count
        if let left = state.requestsBeforeLoss { state.requestsBeforeLoss = left - 1 }
        return .pass(after: state.faults.requestDelay + travelTime(state, count))
    }

    private static func judgeReply(_ state: inout State, _ count: Int) -> Verdict {
        if let left = state.requestsBeforeLoss, left < 0 {
            state.requestsBeforeLoss = nil
            state.counters.lostReplies += 1
            return .cut
        }
        if let left = state.faults.cutAfterReplyBytes {
            guard left > count else {
                state.faults.cutAfterReplyBytes = nil
                return .passThenCut(bytes: left)
            }
            state.faults.cutAfterReplyBytes = left - count
        }
        state.counters.replyBytes += count
        return .pass(after: state.faults.replyDelay + travelTime(state, count))
    }

    private static func travelTime(_ state: State, _ count: Int) -> Duration {
        state.faults.bytesPerSecond.map { .seconds(1) * count / $0 } ?? .zero
    }
}
