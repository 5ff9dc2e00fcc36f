/// Calls platforms: libcurl on one thread, no blocking anywhere else.
///
/// In: requests. Out: whole answers (`collect`, one resumption each) or answers as they come (`stream`). Connections
/// are kept and reused, HTTP/2 over TLS where the other side has it. Redirects are not followed. Nobody is asked to pack an
/// answer, which would hold streams up; one that comes packed all the same is unpacked, and its limits count what it was
/// unpacked to. Cancelling the task, or dropping a stream, closes its connection at once. Streams end with `cancelled`
/// when the client goes. A request is sent once: curl's own second try on a kept connection that turns out dead is
/// forbidden.
final class HTTPClient: Sendable {
    private let loop: CurlLoop

    init(configuration: HTTPClientConfiguration = HTTPClientConfiguration()) throws(HTTPError) {
        loop = try CurlLoop(configuration)
    }

    deinit { loop.stop() }

    /// Ends the thread and returns when it has ended; exchanges under way fail with `cancelled`.
    func shutdown() async { await loop.shutdown() }

    /// The whole answer, whatever its status.
    func collect(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try request.check()
        let transfer = Transfer(request, maxBufferedBytes: nil)
        return try await loop.awaiting(transfer) { await transfer.whole() }
    }

    /// The answer's head; its body is read from the stream.
    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPBodyStream {
        try request.check()
        let transfer = Transfer(request, maxBufferedBytes: loop.configuration.maxBufferedBytes)
        let head = try await loop.awaiting(transfer) { await transfer.head() }
        return HTTPBodyStream(head: head, transfer: transfer, loop: loop)
    }
}

struct HTTPClientConfiguration: Sendable {
    /// As in `http://host:port`; `nil` is none.
    ///
    /// The environment's `https_proxy` and the like are not looked at.
    var proxy: String?
    /// PEM; `nil` is the system's list.
    var caFile: String?
    /// 0: as many as are needed.
    var maxConnectionsPerHost = 0
    /// 0: as many as are needed, which is one per running job.
    var maxConnectionsTotal = 0
    /// Idle connections kept.
    ///
    /// Each job has one at most, so this is the default of `WORKER_CONCURRENCY`.
    var maxIdleConnections = 512
    /// How long an unused connection may be used again.
    ///
    /// Below the 60 s after which common load balancers close theirs, so that a request does not meet a connection
    /// that is being closed.
    var maxIdleAge = Duration.seconds(45)
    /// Unread bytes of one stream at which its transfer is paused.
    var maxBufferedBytes = 1 << 20
    var userAgent = "ai-model-service"

    init() {}
}

/// The body of an answer, as it arrives; one reader at a time.
final class HTTPBodyStream: Sendable {
    let head: HTTPHead
    private let transfer: Transfer
    private let loop: CurlLoop

    init(head: HTTPHead, transfer: Transfer, loop: CurlLoop) {
        self.head = head
        self.transfer = transfer
        self.loop = loop
    }

    deinit { cancel() }

    /// All bytes that have arrived and were not read; `nil` after a clean end.
    ///
    /// An error comes after the bytes before it. Waits for bytes, and with `notBefore` until then for more of them,
    /// unless the body ends or much has gathered. That wait is kept by the curl thread: it costs no task and no timer.
    func next(notBefore: ContinuousClock.Instant? = nil) async throws(HTTPError) -> [UInt8]? {
        let (transfer, loop) = (transfer, loop)
        return try await loop.interruptible(transfer) { await transfer.next(notBefore: notBefore, in: loop) }
    }

    /// Closes the connection unless the body has ended; from any thread, any number of times.
    func cancel() {
        if !transfer.hasEnded { loop.cancel(transfer) }
    }
}
