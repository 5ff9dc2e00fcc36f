import Shared

/// Calls platforms: libcurl on one thread, no blocking anywhere else.
///
/// In: requests. Out: whole responses (`collect`, one resumption each) or responses as they arrive (`stream`).
/// - Connections are kept and reused, with HTTP/2 over TLS where the server has it.
/// - Redirects are not followed.
/// - Compression is not asked for, since it would delay streams. A compressed response is unpacked all the same, and
///   size limits count the unpacked bytes.
/// - Cancelling the task or dropping a stream closes its connection at once. Streams end with `cancelled` when the
///   client is shut down.
/// - A request is sent once. curl's own second try on a kept connection that turns out dead is forbidden.
final class HTTPClient: Sendable {
    private let loop: CurlLoop

    init(configuration: HTTPClientConfiguration = HTTPClientConfiguration()) throws(HTTPError) {
        loop = try CurlLoop(configuration)
    }

    deinit { loop.stop() }

    /// Ends the thread and returns when it has ended.
    ///
    /// Exchanges under way fail with `cancelled`.
    func shutdown() async { await loop.shutdown() }

    /// Takes the function that ends an exchange early, from any thread: it fails with `cancelled` then.
    typealias Arm = (_ stop: @escaping @Sendable () -> Void) -> Void

    /// The whole response, whatever its status.
    func collect(_ request: HTTPRequest, _ arm: Arm = { _ in }) async throws(HTTPError) -> HTTPResponse {
        try request.check()
        let transfer = Transfer(request, maxBufferedBytes: nil, loop.resumptions)
        return try await loop.awaiting(transfer, arm) { await transfer.whole() }
    }

    /// The response's head, with a stream from which its body is read.
    func stream(_ request: HTTPRequest, _ arm: Arm = { _ in }) async throws(HTTPError) -> HTTPBodyStream {
        try request.check()
        let transfer = Transfer(
            request, maxBufferedBytes: loop.configuration.maxBufferedBytes, loop.resumptions)
        let head = try await loop.awaiting(transfer, arm) { await transfer.head() }
        return HTTPBodyStream(head: head, transfer: transfer, loop: loop)
    }
}

struct HTTPClientConfiguration: Sendable {
    /// `http://host:port`, `nil` for none.
    ///
    /// The environment (`https_proxy` and the like) is not read.
    var proxy: String?
    /// A PEM file, `nil` for the system's list.
    var caFile: String?
    /// 0 is no limit.
    var maxConnectionsPerHost = 0
    /// 0 is no limit, which means one per running job.
    var maxConnectionsTotal = 0
    /// Idle connections kept.
    ///
    /// Each job has one at most, so this is the default of `WORKER_CONCURRENCY`.
    var maxIdleConnections = 512
    /// The time for which an unused connection may be used again.
    ///
    /// Below the 60 s after which common load balancers close theirs, so that no request meets a connection that is
    /// being closed.
    var maxIdleAge = Duration.seconds(45)
    /// A stream's transfer is paused at this many unread bytes.
    var maxBufferedBytes = 1 << 20
    var userAgent = "ai-model-service"
    /// When the bytes of streams are read whose readers gather.
    var window = CoalescingWindow()
    /// Runs the resumptions of one turn of the curl thread, on the loop where the readers' tasks run.
    var resume: @Sendable (@escaping @Sendable () -> Void) -> Void = { $0() }

    init() {}
}

/// The body of a response as it arrives.
///
/// One reader at a time.
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

    /// All bytes that have arrived and were not read, `nil` after a clean end.
    ///
    /// An error comes after the bytes before it. With `notBefore` the call gathers bytes until that time, unless the
    /// body ends or the buffer fills. The curl thread keeps that time, so it costs no task and no timer.
    func next(notBefore: ContinuousClock.Instant? = nil) async throws(HTTPError) -> [UInt8]? {
        let (transfer, loop) = (transfer, loop)
        return try await loop.interruptible(transfer) { await transfer.next(notBefore: notBefore, in: loop) }
    }

    /// Closes the connection unless the body has ended.
    ///
    /// May be called from any thread and any number of times.
    func cancel() {
        if !transfer.hasEnded { loop.cancel(transfer) }
    }
}
