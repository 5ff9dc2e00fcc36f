import NIOCore
import NIOPosix
import Shared
import Synchronization
import TestSupport

/// One TCP connection to the shim, as bytes: tests see what a caller sees, and can stop reading or leave at any point.
final class RawConnection: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isClosed = false
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let owner: RawConnection

        init(_ owner: RawConnection) { self.owner = owner }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            owner.state.withLock { $0.bytes += Array(unwrapInboundIn(data).readableBytesView) }
        }

        func channelInactive(context: ChannelHandlerContext) { owner.state.withLock { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    static func open(port: Int) async throws -> RawConnection {
        let connection = RawConnection()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.so_rcvbuf), value: 16 * 1024)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(connection))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        connection.channel.withLock { $0 = channel }
        return connection
    }

    func send(_ text: String) async throws { try await send(bytes: Array(text.utf8)) }

    func send(bytes: [UInt8]) async throws {
        guard let channel = channel.withLock({ $0 }) else { return }
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func send(_ method: String, _ path: String, headers: [String: String] = [:], body: String = "") async throws {
        var head = "\(method) \(path) HTTP/1.1\r\nhost: test\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty {
            if headers["content-type"] == nil { head += "content-type: application/json\r\n" }
            head += "content-length: \(body.utf8.count)\r\n"
        }
        try await send(head + "\r\n" + body)
    }

    /// Stops taking bytes from the socket, or goes on.
    func setReading(_ isReading: Bool) async throws {
        guard let channel = channel.withLock({ $0 }) else { return }
        try await channel.setOption(.autoRead, value: isReading).get()
        if isReading { channel.read() }
    }

    /// Closes the sending half: everything is said.
    func finish() async throws {
        guard let channel = channel.withLock({ $0 }) else { return }
        try await channel.close(mode: .output)
    }

    func close() async throws {
        guard let channel = channel.withLock({ $0 }) else { return }
        try await channel.close()
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
    var text: String { String(decoding: state.withLock { $0.bytes }, as: UTF8.self) }
    var byteCount: Int { state.withLock { $0.bytes.count } }

    func waitFor(_ text: String, timeout: Duration = .seconds(10)) async throws {
        try await eventually("the shim sends \(text)", timeout: timeout) { self.text.contains(text) }
    }

    /// The response so far, once it is complete.
    func response(timeout: Duration = .seconds(15)) async throws -> RawResponse {
        var response: RawResponse?
        try await eventually("a complete response", timeout: timeout) {
            response = RawResponse(state.withLock { $0.bytes })
            return response != nil
        }
        guard let response else { throw CancellationError() }
        return response
    }
}

/// A complete HTTP response.
///
/// `nil` from bytes that are not one yet.
struct RawResponse {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON { get throws { try JSON(parsing: body) } }

    init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        self.status = status
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].drop { $0 == " " }.description
        }
        self.headers = headers
        let rest = bytes[end.upperBound...]
        if headers["transfer-encoding"] == "chunked" {
            guard let body = Self.unchunked(rest) else { return nil }
            self.body = body
        } else {
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            guard rest.count >= length else { return nil }
            body = Array(rest.prefix(length))
        }
    }

    private static func unchunked(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var rest = bytes
        var body: [UInt8] = []
        while let line = rest.firstRange(of: [13, 10]) {
            guard let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16) else {
                return nil
            }
            if size == 0 { return body }
            guard rest.endIndex - line.upperBound >= size + 2 else { return nil }
            body += rest[line.upperBound..<(line.upperBound + size)]
            rest = rest[(line.upperBound + size + 2)...]
        }
        return nil
    }

    /// The events of an SSE body: their lines, without blank ones.
    var events: [[String]] {
        text.split(separator: "\n\n").map { $0.split(separator: "\n").map(String.init) }
    }
}
