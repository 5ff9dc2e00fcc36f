import Foundation
import Glibc
import Synchronization

/// A platform that tests control: a plain HTTP/1.1 server on a free port of 127.0.0.1, with a thread per connection.
///
/// Every request is recorded, then answered as the script says. Connections are kept alive. Also good as a proxy: the
/// request's `path` is a whole URL then, or `host:port` for CONNECT. Ends when the last reference to it goes.
///
///     let stub = try ProviderStub.start { request in
///         request.path == "/v1/models" ? .json("{}") : .openAIStream(["Hel", "lo"])
///     }
///     … call stub.url + "/v1/chat/completions" …
///     let call = try await stub.request(0)
package final class ProviderStub: Sendable {
    package typealias Script = @Sendable (ReceivedRequest) -> StubReply

    package struct Counters: Sendable, Equatable {
        package var requests = 0
        package var tokensSent = 0
        package var bytesSent = 0
        /// Accepted so far.
        package var connections = 0
        package var openConnections = 0
        /// Connections whose client has not read for 100 ms, so that nothing more can be written.
        package var blockedWriters = 0
    }

    package let port: Int
    private let core: StubCore

    private init(port: Int, core: StubCore) {
        self.port = port
        self.core = core
    }

    deinit { core.stop() }

    /// Listens when it returns.
    ///
    /// The script is called on the threads of connections, several at a time.
    package static func start(_ script: @escaping Script) throws -> ProviderStub {
        let (listener, port) = try StubSocket.listen()
        let core = StubCore(script: script)
        let thread = Thread { core.accept(from: listener) }
        thread.name = "provider-stub"
        thread.start()
        return ProviderStub(port: port, core: core)
    }

    /// Without a slash at its end.
    package var url: String { "http://127.0.0.1:\(port)" }
    package var counters: Counters { core.state.withLock { $0.counters } }
    /// All so far, in the order of their arrival.
    package var requests: [ReceivedRequest] { core.state.withLock { $0.requests } }

    /// Waits for the request with this index, counted from 0.
    ///
    /// Throws `NeverHappened`.
    package func request(_ index: Int, timeout: Duration = .seconds(10)) async throws -> ReceivedRequest {
        try await eventually("request \(index) arrives", timeout: timeout) { requests.count > index }
        return requests[index]
    }

    /// Ends all connections and refuses new ones.
    package func stop() { core.stop() }
}

/// State that the threads of a stub share.
///
/// They must not hold the stub itself, or it would never end.
final class StubCore: Sendable {
    struct State {
        var counters = ProviderStub.Counters()
        var requests: [ReceivedRequest] = []
    }

    let state = Mutex(State())
    let script: ProviderStub.Script
    /// Released when everybody is to go home.
    let end = Gate()

    init(script: @escaping ProviderStub.Script) { self.script = script }

    func stop() { end.release() }

    func count(_ change: (inout ProviderStub.Counters) -> Void) { state.withLock { change(&$0.counters) } }

    func accept(from listener: StubSocket) {
        while listener.wait(for: POLLIN, others: [end.descriptor]) == .ready {
            guard let socket = listener.accept() else { continue }
            let number = state.withLock { state in
                state.counters.openConnections += 1
                state.counters.connections += 1
                return state.counters.connections
            }
            let connection = StubConnection(number, socket, self)
            let thread = Thread { connection.serve() }
            thread.stackSize = 512 << 10
            thread.start()
        }
        listener.end()
    }

    func record(_ request: StubRequestReader.Request, on connection: Int, _ life: StubConnectionLife) -> ReceivedRequest
    {
        state.withLock { state in
            let received = ReceivedRequest(
                index: state.requests.count, method: request.method, path: request.path, headers: request.headers,
                body: request.body, arrival: .now, connection: connection, life: life)
            state.requests.append(received)
            state.counters.requests += 1
            return received
        }
    }
}
