import NIOHTTP1

/// Matches the answers of one connection with its requests (pure): each head comes out as its caller can read it.
///
/// It decides how an answer is framed, and whether the connection stays open after it. The connection closes when
/// - the caller of HTTP/1.1 asked for that, or the caller of HTTP/1.0 did not ask to keep it,
/// - the caller asked for another protocol, which it does not get,
/// - only the end of the connection can end the answer, or
/// - too much of the request is still to come.
struct HTTPExchanges {
    private struct Request {
        let isHTTP10: Bool
        let isHead: Bool
        let keepsAlive: Bool
        /// `nil` for a body in chunks.
        let length: Int?
        /// The caller sends its body only when it is told to.
        var awaitsContinue: Bool
        var isWhole = false
        /// Its body will never be whole.
        var isBroken = false
    }

    /// A body up to this size is read to its end when its request was answered before, so that the connection can stay.
    let maxDrained: Int
    private var open: [Request] = []
    private var isAnswering = false
    private var isLast = false

    init(maxDrained: Int) { self.maxDrained = maxDrained }

    /// A caller waits.
    var isAsked: Bool { !open.isEmpty }
    /// The answer that is due was not begun.
    var awaitsAnswer: Bool { isAsked && !isAnswering }
    /// The body of the newest request is not complete.
    private(set) var isReceiving = false

    // MARK: - Requests

    mutating func asked(_ head: HTTPRequestHead) {
        let headers = head.headers
        let isChunked = headers.contains(name: "transfer-encoding")
        open.append(
            Request(
                isHTTP10: head.isHTTP10, isHead: head.method == .HEAD,
                keepsAlive: head.isKeepAlive && !head.asksForUpgrade,
                length: isChunked ? nil : headers.first(name: "content-length").map { Int($0) ?? .max } ?? 0,
                awaitsContinue: !head.isHTTP10 && headers.contains(name: "expect")))
        isReceiving = true
    }

    mutating func askedWhole() {
        isReceiving = false
        if isAsked { open[open.count - 1].isWhole = true }
    }

    /// The body of the newest request cannot be read to its end.
    mutating func brokeOff() {
        if isAsked { open[open.count - 1].isBroken = true }
    }

    // MARK: - Answers

    /// `head` as the caller can read it.
    mutating func answer(_ head: inout HTTPResponseHead) {
        guard let request = open.first else { return }
        if (100..<200).contains(head.status.code) {
            open[0].awaitsContinue = false
            return
        }
        head.version = request.isHTTP10 ? .http1_0 : .http1_1
        let endsByItself = Self.frame(&head, for: request)
        isAnswering = true
        isLast =
            isLast || !endsByItself || !request.keepsAlive || !isDrained(request)
            || head.headers.contains(name: "connection")
        if isLast {
            head.headers.replaceOrAdd(name: "connection", value: "close")
        } else if request.isHTTP10 {
            head.headers.add(name: "connection", value: "keep-alive")
        }
    }

    /// An answer to HEAD has a head only.
    var sendsBody: Bool { open.first.map { !$0.isHead } ?? true }

    /// Notes that the answer is written, and returns true where it was the connection's last.
    mutating func answered() -> Bool {
        if isAsked { open.removeFirst() }
        isAnswering = false
        return isLast
    }

    private func isDrained(_ request: Request) -> Bool {
        if request.isWhole { return true }
        return !request.isBroken && !request.awaitsContinue && (request.length ?? .max) <= maxDrained
    }

    /// Returns true where the caller can tell the answer's end.
    private static func frame(_ head: inout HTTPResponseHead, for request: Request) -> Bool {
        guard head.status.mayHaveResponseBody else {
            head.headers.remove(name: "content-length")
            return true
        }
        if request.isHead || head.headers.contains(name: "content-length") { return true }
        guard !request.isHTTP10 else { return false }
        head.headers.add(name: "transfer-encoding", value: "chunked")
        return true
    }
}

extension HTTPRequestHead {
    var isHTTP10: Bool { version.major < 1 || version == .http1_0 }

    /// NIO's decoder expects another protocol after such a request, and reads nothing more.
    ///
    /// It takes `Proxy-Connection` for `Connection`.
    var asksForUpgrade: Bool {
        if method == .CONNECT { return true }
        guard headers.contains(name: "upgrade") else { return false }
        let words = headers[canonicalForm: "connection"] + headers[canonicalForm: "proxy-connection"]
        return words.contains { $0.lowercased() == "upgrade" }
    }
}
