/// A request to a platform.
///
/// It holds the credential, so it is never logged.
struct HTTPRequest: Sendable {
    var method: String
    var url: String
    var headers: [(String, String)]
    var body: [UInt8]
    var timeouts: HTTPTimeouts
    /// A longer response fails with `tooLarge`.
    var maxResponseBytes: Int
    /// Sees the response as it arrives, `nil` for nearly all requests.
    var observer: (any HTTPObserver)?

    init(
        method: String = "POST", url: String, headers: [(String, String)] = [], body: [UInt8] = [],
        timeouts: HTTPTimeouts = HTTPTimeouts(), maxResponseBytes: Int = 64 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
        self.maxResponseBytes = maxResponseBytes
    }

    /// Refuses control characters, with which one header could become two.
    func check() throws(HTTPError) {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw HTTPError(.invalidRequest, "url: expected http:// or https://")
        }
        guard Self.isName(method) else { throw HTTPError(.invalidRequest, "method: expected one word") }
        guard Self.isClean(url), !url.utf8.contains(32) else {
            throw HTTPError(.invalidRequest, "url: expected no blanks or control characters")
        }
        for (index, header) in headers.enumerated() where !Self.isName(header.0) || !Self.isClean(header.1) {
            throw HTTPError(.invalidRequest, "headers[\(index)]: expected a name and no control characters")
        }
    }

    /// Stricter than RFC 9110 by a few characters that no header of ours uses.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isOfName[Int($0)] }
    }

    /// By byte, since every name of every request is read.
    private static let isOfName = (0...255).map { $0 > 32 && $0 < 127 && !#"():;,<>@/\?="[]{}"#.utf8.contains($0) }

    private static func isClean(_ text: String) -> Bool { !text.utf8.contains { $0 < 32 && $0 != 9 || $0 == 127 } }
}

/// Time limits for the parts of an exchange.
struct HTTPTimeouts: Sendable, Equatable {
    /// Name lookup, TCP and TLS together.
    var connect = Duration.seconds(5)
    /// From the start to the first byte of the response's body.
    ///
    /// The head does not count, since many servers send it before they read the prompt. Reasoning models think for a
    /// minute before the first byte.
    var firstByte = Duration.seconds(120)
    /// Silence within a response, not counted while its reader lags.
    var idle = Duration.seconds(30)
    var total = Duration.seconds(600)

    init() {}
}

/// Status and headers of an answer.
struct HTTPHead: Sendable, Equatable {
    var status: Int
    /// Names in lower case, in the order they came.
    var headers: [Header]

    struct Header: Sendable, Equatable {
        var name: String
        var value: String
    }

    init(status: Int, headers: [Header] = []) {
        self.status = status
        self.headers = headers
    }

    var isSuccess: Bool { (200...299).contains(status) }

    /// The first header of this name, in any case.
    func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name == name }?.value
    }
}

struct HTTPResponse: Sendable {
    let head: HTTPHead
    let body: [UInt8]
}

/// Sees one response as it arrives.
///
/// Called on the curl thread, so it must not block.
protocol HTTPObserver: Sendable {
    func begin(_ head: HTTPHead)
    func add(_ bytes: UnsafeRawBufferPointer)
    /// Called once, also when the exchange fails before its head.
    func end(_ result: Result<Void, HTTPError>)
}
