import CCurl
import Shared

/// A transfer while curl works on it: the callbacks, the head as it is read, our time limits. Belongs to the curl thread.
final class CurlExchange {
    let transfer: Transfer
    let handle: CurlHandle
    var deadlines: TransferDeadlines
    private var head = HTTPHeadReader()
    private var isTooLarge = false
    private let wakeLater: (ContinuousClock.Instant) -> Void

    init(_ transfer: Transfer, _ handle: CurlHandle, wakeLater: @escaping (ContinuousClock.Instant) -> Void) {
        self.transfer = transfer
        self.handle = handle
        self.wakeLater = wakeLater
        deadlines = TransferDeadlines(transfer.request.timeouts, now: .now)
    }

    /// The exchange that a handle was prepared for.
    static func of(_ pointer: UnsafeMutableRawPointer?) -> CurlExchange? {
        var context: UnsafeMutableRawPointer?
        unsafe ccurl_get_context(pointer, &context)
        return unsafe from(context)
    }

    func prepare(_ configuration: HTTPClientConfiguration) {
        let request = transfer.request
        handle.set(CURLOPT_URL, request.url)
        handle.set(CURLOPT_PROTOCOLS_STR, "http,https")
        handle.set(CURLOPT_NOSIGNAL, 1)
        handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        handle.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        handle.set(CURLOPT_USERAGENT, configuration.userAgent)
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, request.timeouts.connect.milliseconds)))
        handle.set(CURLOPT_TIMEOUT_MS, Int(max(1, request.timeouts.total.milliseconds)))
        if let proxy = configuration.proxy { handle.set(CURLOPT_PROXY, proxy) }
        if let caFile = configuration.caFile { handle.set(CURLOPT_CAINFO, caFile) }
        if request.method == "POST" || !request.body.isEmpty { handle.set(body: request.body) }
        handle.set(CURLOPT_CUSTOMREQUEST, request.method)
        // An empty "Expect:" keeps curl from waiting a second for a 100 before it sends a large body.
        handle.set(headers: request.headers.map { "\($0.0): \($0.1)" } + ["Expect:"])
        setCallbacks()
    }

    func outcome(_ result: CURLcode) -> Result<Void, HTTPError> {
        if isTooLarge {
            return .failure(HTTPError(.tooLarge, "the answer is larger than \(transfer.request.maxResponseBytes) bytes"))
        }
        return result == CURLE_OK ? .success(()) : .failure(HTTPError(result, wasConnected: handle.wasConnected))
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
    }

    /// Returns how much was taken: less than all ends the exchange, or pauses it.
    private func body(_ bytes: UnsafeRawBufferPointer) -> Int {
        deadlines.heard(.now)
        let (reception, wakeAt) = unsafe transfer.receive(bytes)
        if let wakeAt { wakeLater(wakeAt) }
        switch reception {
        case .taken: return bytes.count
        case .paused: return Int(CURL_WRITEFUNC_PAUSE)
        case .refused:
            isTooLarge = true
            return 0
        }
    }

    private func header(_ bytes: UnsafeRawBufferPointer) -> Int {
        deadlines.heard(.now)
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        do throws(HTTPError) {
            if let head = try head.read(line) { transfer.receive(head) }
        } catch {
            isTooLarge = true
            return 0
        }
        return bytes.count
    }
}

/// Reads header lines; interim answers (1xx) are passed over. Pure.
struct HTTPHeadReader {
    /// Chosen: eight times what any platform sends.
    private static let maxBytes = 64 * 1024

    private var head: HTTPHead?
    private var bytes = 0

    /// One line, its end included; the head, when the line that ends it has come.
    mutating func read(_ line: String) throws(HTTPError) -> HTTPHead? {
        bytes += line.utf8.count
        guard bytes <= Self.maxBytes else { throw HTTPError(.tooLarge, "the answer's head is too large") }
        let text = line.trimmingSuffix { $0.isNewline }
        if text.hasPrefix("HTTP/") {
            let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            head = HTTPHead(status: status)
            return nil
        }
        guard text.isEmpty else {
            // Lines after the head are trailers of a chunked body: nothing in them is for us.
            guard let colon = text.firstIndex(of: ":") else { return nil }
            let value = text[text.index(after: colon)...].trimmingPrefix { $0.isWhitespace }
            head?.headers.append(.init(name: text[..<colon].lowercased(), value: String(value)))
            return nil
        }
        defer { if head?.status ?? 0 >= 200 { head = nil } }
        return head.flatMap { $0.status >= 200 ? $0 : nil }
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(_ matches: (Character) -> Bool) -> SubSequence {
        self[..<(lastIndex { !matches($0) }.map { index(after: $0) } ?? startIndex)]
    }
}
