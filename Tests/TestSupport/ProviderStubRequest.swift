import Synchronization

/// A request that a `ProviderStub` has received, whole.
package struct ReceivedRequest: Sendable {
    /// Counts from 0 over the stub's life.
    package let index: Int
    package let method: String
    /// As in the request line: a path with its query, or a whole URL where the stub is used as a proxy.
    package let path: String
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// When its last byte had come.
    package let arrival: ContinuousClock.Instant
    /// Requests with the same number came over the same connection.
    package let connection: Int
    let life: StubConnectionLife

    /// The first header of this name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var text: String { String(decoding: body, as: UTF8.self) }

    /// Waits until the client has closed the connection.
    ///
    /// Returns when the stub saw it, or throws `NeverHappened`.
    package func waitForClientClose(timeout: Duration = .seconds(10)) async throws -> ContinuousClock.Instant {
        try await eventually("the client closes the connection", timeout: timeout) { life.clientClosed != nil }
        return life.clientClosed ?? .now
    }

    package var hasClientClosed: Bool { life.clientClosed != nil }
}

/// Facts about a connection that tests may read from outside its thread.
final class StubConnectionLife: Sendable {
    private let closed = Mutex<ContinuousClock.Instant?>(nil)

    var clientClosed: ContinuousClock.Instant? { closed.withLock { $0 } }

    func clientHasClosed() { closed.withLock { $0 = $0 ?? .now } }
}
