import Glibc

/// One connection of a `ProviderStub`: reads requests, does the steps of their replies.
///
/// `serve` runs on its own thread.
final class StubConnection: Sendable {
    private let number: Int
    private let socket: StubSocket
    private let core: StubCore
    private let life = StubConnectionLife()

    init(_ number: Int, _ socket: StubSocket, _ core: StubCore) {
        self.number = number
        self.socket = socket
        self.core = core
    }

    func serve() {
        var reader = StubRequestReader()
        reading: while let request = receive(&reader) {
            let received = core.record(request, on: number, life)
            for step in core.script(received).steps {
                guard perform(step) else { break reading }
            }
        }
        socket.end()
        core.count { $0.openConnections -= 1 }
    }

    private func receive(_ reader: inout StubRequestReader) -> StubRequestReader.Request? {
        while true {
            if let request = reader.next() { return request }
            guard socket.wait(for: POLLIN, others: [core.end.descriptor]) == .ready else { return nil }
            guard let bytes = socket.read() else { continue }
            guard !bytes.isEmpty else {
                life.clientHasClosed()
                return nil
            }
            reader.feed(bytes)
        }
    }

    /// False when the connection has ended.
    private func perform(_ step: StubReply.Step) -> Bool {
        switch step {
        case .bytes(let bytes): return write(bytes)
        case .pause(let duration): return wait(timeout: duration)
        case .waitFor(let gate): return wait(for: gate)
        case .countTokens(let count):
            core.count { $0.tokensSent += count }
            return true
        case .close:
            socket.end()
            return false
        case .reset:
            socket.end(reset: true)
            return false
        case .stall: return wait()
        case .tunnel(let port):
            tunnel(toPort: port)
            return false
        }
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let count = socket.write(rest) else {
                life.clientHasClosed()
                return false
            }
            core.count { $0.bytesSent += count }
            rest = rest.dropFirst(count)
            if count == 0, !waitForRoom() { return false }
        }
        return true
    }

    private func waitForRoom() -> Bool {
        let first = wait(for: POLLOUT, timeout: .milliseconds(100))
        guard first == .timeout else { return first == .ready }
        core.count { $0.blockedWriters += 1 }
        defer { core.count { $0.blockedWriters -= 1 } }
        return wait(for: POLLOUT) == .ready
    }

    /// Waits for a gate, a time, or for ever.
    ///
    /// False when the connection has ended meanwhile.
    private func wait(for gate: Gate? = nil, timeout: Duration? = nil) -> Bool {
        switch wait(others: gate.map { [$0.descriptor] } ?? [], timeout: timeout) {
        case .timeout, .other: true
        case .ready, .peerLeft: false
        }
    }

    /// Waits as the socket does, but for the stub's end too.
    ///
    /// That end counts as the client's leaving without being noted as such.
    private func wait(for events: Int32 = 0, others: [Int32] = [], timeout: Duration? = nil) -> StubSocket.Wake {
        let wake = socket.wait(for: events, others: [core.end.descriptor] + others, timeout: timeout)
        switch wake {
        case .other(0): return .peerLeft
        case .peerLeft: life.clientHasClosed()
        case .ready, .timeout, .other: break
        }
        return wake
    }

    // MARK: - As a proxy

    private func tunnel(toPort port: Int) {
        guard let target = try? StubSocket.connect(toPort: port) else { return }
        let ends = [socket, target]
        while true {
            guard case .other(let index) = socket.wait(others: [core.end.descriptor] + ends.map(\.descriptor)),
                index > 0
            else { break }
            let (source, sink) = (ends[index - 1], ends[2 - index])
            guard let bytes = source.read() else { continue }
            guard !bytes.isEmpty, pass(bytes, to: sink) else { break }
        }
        life.clientHasClosed()
    }

    private func pass(_ bytes: [UInt8], to sink: StubSocket) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let count = sink.write(rest) else { return false }
            rest = rest.dropFirst(count)
            if count == 0, sink.wait(for: POLLOUT, others: [core.end.descriptor]) != .ready { return false }
        }
        return true
    }
}
