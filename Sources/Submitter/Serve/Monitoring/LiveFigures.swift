import HTTPTypes
import NIOCore
import ServiceLifecycle
import Shared
import Synchronization

/// Tells the readers of `/api/v1/status/live` the figures of the service, each time that they are collected.
///
/// An event is made once for all readers. One that does not keep up misses events, and is disconnected like any caller
/// that takes no bytes. Readers would stay for ever, so this service stops before the HTTP server waits for them.
final class LiveFigures: Service {
    private struct State {
        var readers: [ObjectIdentifier: AsyncStream<ByteBuffer>.Continuation] = [:]
        var isOver = false
    }

    /// Events that wait for one reader: the latest figures, and a ping beside them.
    private static let waiting = 2
    private static let ping = ByteBuffer(string: ": ping\n\n")

    private let report: FiguresReport
    private let most: Int
    private let pause: Duration
    private let state = Mutex(State())

    /// `most` readers at once, to whom a comment is sent after each `ping`.
    init(_ report: FiguresReport, most: Int, ping: Duration) {
        self.report = report
        self.most = most
        pause = ping
    }

    func join() throws(APIError) -> LiveReader {
        let (events, continuation) = AsyncStream.makeStream(
            of: ByteBuffer.self, bufferingPolicy: .bufferingNewest(Self.waiting))
        let reader = LiveReader(events, of: self)
        let place = ObjectIdentifier(reader)
        let (isOver, isFull) = state.withLock { state in
            let isFull = state.readers.count >= most
            if !state.isOver, !isFull { state.readers[place] = continuation }
            return (state.isOver, isFull)
        }
        if isOver { throw .stopping }
        if isFull { throw .tooManyReaders(most) }
        return reader
    }

    fileprivate func left(_ place: ObjectIdentifier) { state.withLock { $0.readers[place] = nil } }

    /// Tells one reader alone, since it has just come.
    func tell(_ reader: LiveReader, _ figures: ServiceFigures?) {
        let event = event(figures)
        let place = ObjectIdentifier(reader)
        _ = state.withLock { $0.readers[place] }?.yield(event)
    }

    /// `nil`: Redis is away.
    func publish(_ figures: ServiceFigures?) {
        guard state.withLock({ !$0.readers.isEmpty }) else { return }
        send(event(figures))
    }

    private func event(_ figures: ServiceFigures?) -> ByteBuffer {
        var event = ByteBuffer(string: "data: ")
        event.writeBytes(report.json(figures).encoded)
        event.writeStaticString("\n\n")
        return event
    }

    private func send(_ event: ByteBuffer) {
        for reader in state.withLock({ Array($0.readers.values) }) { reader.yield(event) }
    }

    /// Pings until the process ends, and sends all readers away then.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in every(self.pause, after: self.pause) { self.send(Self.ping) }
        }
        let readers = state.withLock { state in
            state.isOver = true
            return Array(state.readers.values)
        }
        for reader in readers { reader.finish() }
    }
}

/// Holds the place of one reader, which is free again when nobody holds this object any more.
final class LiveReader: Sendable {
    /// Ends with the process.
    let events: AsyncStream<ByteBuffer>
    private let figures: LiveFigures

    fileprivate init(_ events: AsyncStream<ByteBuffer>, of figures: LiveFigures) {
        self.events = events
        self.figures = figures
    }

    deinit { figures.left(ObjectIdentifier(self)) }
}

extension APIError {
    static func tooManyReaders(_ limit: Int) -> APIError {
        APIError(
            .serviceUnavailable, .server, code: "too_many_readers",
            "This server has \(limit) readers of its figures, which is its limit (LIVE_READERS).",
            retryAfter: .seconds(5))
    }
}
