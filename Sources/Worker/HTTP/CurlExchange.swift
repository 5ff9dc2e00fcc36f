import CCurl
import Glibc
import Shared

/// A transfer while curl works on it: callbacks, head reader and time limits.
///
/// Confined to the curl thread.
final class CurlExchange {
    let transfer: Transfer
    let handle: CurlHandle
    /// The socket of this exchange alone.
    private var socket: Int32?
    var deadlines: TransferDeadlines
    private var head = HTTPHeadReader()
    /// The encoding that the response names.
    private var encoding: ContentEncoding?
    private var isTooLarge = false
    private var hasBeenSent = false
    private let configuration: HTTPClientConfiguration
    /// Told when bytes came for a reader that gathers, with the time at which it wants them, if that is later.
    private let onGathering: (CurlExchange, ContinuousClock.Instant?) -> Void
    /// curl only reads from it at present.
    private var isOnlyRead = false

    init(
        _ transfer: Transfer, _ handle: CurlHandle, _ configuration: HTTPClientConfiguration,
        onGathering: @escaping (CurlExchange, ContinuousClock.Instant?) -> Void
    ) {
        self.transfer = transfer
        self.handle = handle
        self.configuration = configuration
        self.onGathering = onGathering
        deadlines = TransferDeadlines(transfer.request.timeouts, now: .now)
    }

    /// The exchange that a handle was prepared for.
    static func of(_ pointer: UnsafeMutableRawPointer?) -> CurlExchange? {
        var context: UnsafeMutableRawPointer?
        unsafe ccurl_get_context(pointer, &context)
        return unsafe from(context)
    }

    func prepare() {
        let request = transfer.request
        handle.set(CURLOPT_URL, request.url)
        handle.set(CURLOPT_PROTOCOLS_STR, "http,https")
        handle.set(CURLOPT_NOSIGNAL, 1)
        // curl keeps this buffer for as long as it waits: most answers fit, and streams come in pieces.
        handle.set(CURLOPT_BUFFERSIZE, 4096)
        handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        handle.set(CURLOPT_USERAGENT, configuration.userAgent)
        // Lets curl unpack every encoding that it knows. The request asks for one in a header of its own.
        handle.set(CURLOPT_ACCEPT_ENCODING, "")
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, request.timeouts.connect.milliseconds)))
        // Without this option, ending an exchange during its name lookup blocks the loop until the resolver gives up
        // (libcurl 7.88, Curl_resolver_kill).
        handle.set(CURLOPT_QUICK_EXIT, 1)
        prepareConnection()
        if request.method == "HEAD" { handle.set(CURLOPT_NOBODY, 1) }
        let hasBody = request.method == "POST" || !request.body.isEmpty
        if hasBody { handle.set(body: request.body) }
        handle.set(CURLOPT_CUSTOMREQUEST, request.method)
        handle.set(headers: headerLines(hasBody: hasBody))
        setCallbacks()
    }

    private func prepareConnection() {
        // An empty text means "none". curl must not read the environment.
        handle.set(CURLOPT_PROXY, configuration.proxy ?? "")
        handle.set(CURLOPT_NOPROXY, "")
        handle.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if let caFile = configuration.caFile { handle.set(CURLOPT_CAINFO, caFile) }
        handle.set(CURLOPT_MAXAGE_CONN, Int(max(1, configuration.maxIdleAge.milliseconds / 1000)))
        // A platform that thinks for minutes sends nothing. Keep-alives stop address translators from forgetting the
        // connection.
        handle.set(CURLOPT_TCP_KEEPALIVE, 1)
        handle.set(CURLOPT_TCP_KEEPIDLE, 30)
        handle.set(CURLOPT_TCP_KEEPINTVL, 15)
        // curl 7.88 lets child processes inherit its sockets, where they would stay open after we have closed them.
        unsafe ccurl_set_socket_function(handle.pointer) { _, _, address in
            guard let address = unsafe address?.pointee else { return CURL_SOCKET_BAD }
            return Glibc.socket(address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
        }
    }

    private func headerLines(hasBody: Bool) -> [String] {
        // "Expect:" keeps curl from waiting a second for a 100 before it sends a large body.
        var lines = ["Expect:"]
        var (namesType, namesEncoding) = (false, false)
        lines.reserveCapacity(transfer.request.headers.count + 3)
        for (name, value) in transfer.request.headers {
            switch name.lowercased() {
            case "content-type": namesType = true
            case "accept-encoding": namesEncoding = true
            default: break
            }
            // curl leaves an empty header out unless it ends in a semicolon.
            lines.append(value.isEmpty ? name + ";" : name + ": " + value)
        }
        // Replaces curl's own line, since a compressed stream comes late.
        if !namesEncoding { lines.append("Accept-Encoding: identity") }
        // curl would declare the body a form.
        if hasBody && !namesType { lines.append("Content-Type:") }
        return lines
    }

    /// The socket, while curl waits for nothing but its bytes.
    var readSocket: Int32? { isOnlyRead ? socket : nil }

    func watches(_ socket: Int32, _ what: Int32) {
        isOnlyRead = what == CURL_POLL_IN
        if what != CURL_POLL_REMOVE { self.socket = socket } else if self.socket == socket { self.socket = nil }
    }

    /// Shuts the connection down, before curl is told to drop the exchange.
    ///
    /// With HTTP/1.1 curl closes the connection itself. With HTTP/2 it would only reset the stream, and since 7.88 it
    /// delays even that until the connection is used again (curl issue 17611). The platform would go on and be paid for
    /// it.
    func hangUp() {
        guard let socket else { return }
        shutdown(socket, Int32(SHUT_RDWR))
    }

    func outcome(_ result: CURLcode) -> Result<Void, HTTPError> {
        if isTooLarge {
            return .failure(
                HTTPError(.tooLarge, "the answer is larger than \(transfer.request.maxResponseBytes) bytes"))
        }
        if result == CURLE_OK { return .success(()) }
        // curl reports out of memory when few bytes unpack to many while the reader lags.
        if let encoding, result == CURLE_BAD_CONTENT_ENCODING || result == CURLE_OUT_OF_MEMORY {
            return .failure(encoding.error)
        }
        return .failure(
            HTTPError(result, hasProxy: configuration.proxy != nil, proxyStatus: handle.proxyStatus))
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlExchange? {
        guard let context = unsafe context else { return nil }
        // unsafe: curl calls back only while the thread holds the exchange in its table.
        return unsafe Unmanaged<CurlExchange>.fromOpaque(context).takeUnretainedValue()
    }

    private func setCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe ccurl_set_pointer(handle.pointer, CURLOPT_PRIVATE, context)
        unsafe ccurl_set_pointer(handle.pointer, CURLOPT_WRITEDATA, context)
        unsafe ccurl_set_pointer(handle.pointer, CURLOPT_HEADERDATA, context)
        unsafe ccurl_set_data_function(handle.pointer, CURLOPT_WRITEFUNCTION) { data, size, count, context in
            unsafe CurlExchange.from(context)?.body(UnsafeRawBufferPointer(start: data, count: size * count)) ?? 0
        }
        unsafe ccurl_set_data_function(handle.pointer, CURLOPT_HEADERFUNCTION) { data, size, count, context in
            unsafe CurlExchange.from(context)?.header(UnsafeRawBufferPointer(start: data, count: size * count)) ?? 0
        }
        unsafe ccurl_set_pointer(handle.pointer, CURLOPT_PREREQDATA, context)
        unsafe ccurl_set_prereq_function(handle.pointer) { context, _, _, _, _ in
            unsafe CurlExchange.from(context)?.maySend() ?? false ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
    }

    /// Allows curl to send the request once.
    ///
    /// curl sends it again by itself when a kept connection ends without an answer. The platform may have worked for
    /// the first one by then, and only the failure policy may pay twice.
    private func maySend() -> Bool {
        defer { hasBeenSent = true }
        return !hasBeenSent
    }

    /// Returns the number of bytes taken, where fewer than all end the exchange or pause it.
    private func body(_ bytes: UnsafeRawBufferPointer) -> Int {
        deadlines.heard(.now)
        let (reception, gathers, wakeAt) = unsafe transfer.receive(bytes)
        if gathers { onGathering(self, wakeAt) }
        switch reception {
        case .taken: return bytes.count
        case .paused: return Int(CURL_WRITEFUNC_PAUSE)
        case .refused: return giveUp()
        }
    }

    private func header(_ bytes: UnsafeRawBufferPointer) -> Int {
        do throws(HTTPError) {
            guard let head = try unsafe head.read(bytes) else { return bytes.count }
            encoding = ContentEncoding(head)
            if encoding?.isMisnamed == true { handle.set(CURLOPT_HTTP_CONTENT_DECODING, 0) }
            transfer.receive(head)
        } catch {
            return giveUp()
        }
        return bytes.count
    }

    private func giveUp() -> Int {
        isTooLarge = true
        hangUp()
        return 0
    }
}
