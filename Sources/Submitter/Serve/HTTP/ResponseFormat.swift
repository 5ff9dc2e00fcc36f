import Hummingbird
import NIOCore
import Shared

/// Writes answers in the shape of one front door: whole ones, streams and errors.
///
/// Each door has one conformer in its own folder. `Routes` says which path has which format, so that an error which is
/// found before or beside the door's handler has the door's shape, too. A format is a pure translator.
protocol ResponseFormat: Sendable {
    associatedtype Events: EventWriter

    /// The body of a whole answer.
    ///
    /// Throws where the platform's answer cannot be written in this shape.
    func whole(_ end: RequestEnd) throws(APIError) -> ByteBuffer

    /// The events of one stream.
    func stream(_ start: StreamStart) -> Events

    /// The answer to a request that failed: status, headers and body.
    func error(_ error: APIError, requestID: String) -> Response
}

extension ResponseFormat {
    /// OpenAI's shape, which all doors of today share.
    func error(_ error: APIError, requestID: String) -> Response { error.response(requestID: requestID) }
}

/// Writes the events of one stream in their order, and may keep state between them.
protocol EventWriter: Sendable {
    mutating func write(_ event: StreamEvent, to out: inout ByteBuffer)
}

/// Everything that a stream's first event may need to know.
struct StreamStart: Sendable {
    /// The job's id.
    let id: String
    /// Seconds since 1970.
    let created: Int64
    /// The caller asked for usage at the end.
    var includesUsage = false
    let requestID: String
}

/// An event of a stream, in no door's shape yet.
enum StreamEvent: Sendable {
    /// One or more neutral chunks without envelope, separated by line feeds, as the log has them.
    case delta(RequestLogID, ByteBuffer)
    /// The whole neutral completion of an answer that came without deltas.
    case completion(ByteBuffer)
    /// The answer begins again.
    ///
    /// Text of earlier attempts was shown and does not count.
    case restart(attempt: UInt64)
    /// The answer is complete.
    ///
    /// Nothing follows.
    case done(meta: ByteBuffer)
    /// The answer failed after the head was sent.
    ///
    /// Nothing follows.
    case failed(APIError)
    /// Nothing happened for a ping interval.
    case ping
    /// The request waits for its turn.
    case waiting(WaitingNotice)
}
