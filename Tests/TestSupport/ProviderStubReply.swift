/// The reply of a `ProviderStub` to a request: steps, one after the other.
///
/// When they are done the connection is kept for the next request, unless a step has ended it. Made of steps for
/// faults, or by `json`, `sse` and `openAIStream` for whole answers, which take steps between their parts:
///
///     .openAIStream(["Hel", "lo"], after: [0: [.waitFor(gate)], 1: [.reset]])
package struct StubReply: Sendable {
    package enum Step: Sendable {
        /// Written as they are, in one send.
        case bytes([UInt8])
        case pause(Duration)
        case waitFor(Gate)
        /// Adds to the stub's counter of tokens. Nothing is written.
        case countTokens(Int)
        /// Ends the connection in good order.
        case close
        /// Ends it with a RST.
        case reset
        /// Says nothing more until the client leaves.
        case stall
        /// Passes bytes between the client and this port of 127.0.0.1 until one of them leaves: the answer of a proxy.
        case tunnel(toPort: Int)

        package static func text(_ text: String) -> Step { .bytes(Array(text.utf8)) }
    }

    package typealias Headers = [(name: String, value: String)]

    package var steps: [Step]

    package init(_ steps: [Step]) { self.steps = steps }

    /// This reply with more steps at its end.
    package func then(_ more: Step...) -> StubReply { StubReply(steps + more) }

    /// A whole answer with a `Content-Length`, in one send.
    package static func bytes(
        _ body: [UInt8], status: Int = 200, type: String = "application/octet-stream", headers: Headers = []
    ) -> StubReply {
        let own: Headers = [("Content-Type", type), ("Content-Length", "\(body.count)")]
        return StubReply([.bytes(head(status, own + headers) + body)])
    }

    package static func json(_ body: String, status: Int = 200, headers: Headers = []) -> StubReply {
        bytes(Array(body.utf8), status: status, type: "application/json", headers: headers)
    }

    /// Server-sent events, a chunk each.
    ///
    /// `events` are the texts behind `data: `.
    ///
    /// `splitEvery` sends the body in pieces of so many bytes, chunk frames included. `after` holds steps to be done
    /// after the event with that index.
    package static func sse(
        _ events: [String], splitEvery size: Int? = nil, headers: Headers = [], after: [Int: [Step]] = [:]
    ) -> StubReply {
        var steps = [Step.bytes(head(200, eventHeaders + headers))]
        for (index, event) in events.enumerated() {
            steps += split(chunk(Array("data: \(event)\n\n".utf8)), size)
            steps += after[index] ?? []
        }
        return StubReply(steps + split(chunk([]), size))
    }

    /// The first lines of an answer.
    package static func head(_ status: Int, _ headers: Headers) -> [UInt8] {
        let lines = ["HTTP/1.1 \(status) Status"] + headers.map { "\($0.name): \($0.value)" }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// A chunk in its frame.
    ///
    /// The empty one ends a body.
    package static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + Array("\r\n".utf8)
    }

    private static let eventHeaders: Headers = [
        ("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"),
    ]

    private static func split(_ bytes: [UInt8], _ size: Int?) -> [Step] {
        guard let size, size < bytes.count else { return [.bytes(bytes)] }
        return stride(from: 0, to: bytes.count, by: size).map { .bytes(Array(bytes[$0..<min($0 + size, bytes.count)])) }
    }
}
