import CPostgres
import Glibc

/// The one owner of a libpq connection.
///
/// Every call blocks its thread, but never longer than its patience.
///
/// Not Sendable: `PostgresConnection` confines it to its thread. With `PostgresResult.swift` the only file that touches
/// libpq. After connecting no blocking call of libpq is used: the server's `statement_timeout` does not help against a
/// server process that is stopped, nor do TCP's time-outs, as its kernel goes on acknowledging.
@safe struct PostgresHandle: ~Copyable {
    // unsafe: an owned PGconn, made in connected(), finished in deinit, never handed out.
    private let connection: OpaquePointer

    private init(_ connection: OpaquePointer) { unsafe self.connection = connection }

    deinit { unsafe PQfinish(connection) }

    /// Connects, at most `connect_timeout`.
    static func connected(_ settings: [(String, String)]) throws(PostgresError) -> PostgresHandle {
        guard let connection = unsafe connect(settings.map(\.0), settings.map(\.1)) else {
            throw PostgresError(.unavailable, "libpq is out of memory")
        }
        let handle = unsafe PostgresHandle(connection)
        // Otherwise libpq prints the server's notices on standard error.
        _ = unsafe PQsetNoticeProcessor(connection, { _, _ in }, nil)
        guard unsafe PQstatus(connection) == CONNECTION_OK, unsafe PQsetnonblocking(connection, 1) == 0 else {
            let place = unsafe [text(PQhost(connection)), text(PQport(connection))]
            throw unsafe PostgresError(refusal: text(PQerrorMessage(connection)), by: place.joined(separator: ":"))
        }
        return handle
    }

    /// True when libpq can read it, as a URL or as `name=value` settings, without connecting.
    static func canRead(_ conninfo: String) -> Bool {
        guard let options = unsafe PQconninfoParse(conninfo, nil) else { return false }
        defer { unsafe PQconninfoFree(options) }
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            if unsafe text(keyword) == "port", !isPort(unsafe text(option.pointee.val)) { return false }
            unsafe option += 1
        }
        return true
    }

    /// One per host, which libpq only reads when it connects.
    private static func isPort(_ text: String) -> Bool {
        text.split(separator: ",").allSatisfy { Int($0).map { (1...65_535).contains($0) } ?? false }
    }

    /// True when a transaction is open, failed or not.
    var isInTransaction: Bool { unsafe PQtransactionStatus(connection) != PQTRANS_IDLE }

    /// True when the server closed the connection while nobody used it.
    ///
    /// Costs no round trip.
    var isStale: Bool {
        while unsafe PQstatus(connection) == CONNECTION_OK {
            guard waitUntilReady(for: Int16(POLLIN), until: .now) else { return false }
            guard unsafe PQconsumeInput(connection) == 1 else { return true }
        }
        return true
    }

    /// One statement with its parameters.
    ///
    /// After `unavailable` the handle must not be used again.
    func execute(
        _ sql: String, _ parameters: [PostgresParameter], patience: Duration
    ) throws(PostgresError) -> PostgresRows {
        for case (let index, .text(let text)) in parameters.enumerated() where Self.hasNUL(text) {
            throw PostgresError(.parameter, "parameter $\(index + 1): expected a text without NUL bytes")
        }
        return try rows(isSent: send(sql, parameters) == 1, patience: patience)
    }

    /// Reads to the end: a loop without exit is vectorised, and arrays of rows are long.
    private static func hasNUL(_ text: String) -> Bool {
        let bytes = text.utf8.span
        var found: UInt8 = 0
        for index in bytes.indices { found |= bytes[index] == 0 ? 1 : 0 }
        return found != 0
    }

    /// Several statements without parameters, in one transaction unless they say otherwise: migrations.
    func executeScript(_ sql: String, patience: Duration) throws(PostgresError) {
        _ = try rows(isSent: unsafe PQsendQuery(connection, sql) == 1, patience: patience)
    }

    private func rows(isSent: Bool, patience: Duration) throws(PostgresError) -> PostgresRows {
        let deadline = ContinuousClock.now + patience
        guard isSent else { throw .connectionLost }
        try flush(until: deadline)
        var last = PostgresResult?.none
        while true {
            try awaitResult(until: deadline)
            guard let next = unsafe PQgetResult(connection) else { break }
            let result = unsafe PostgresResult(next)
            // The first error is the cause. Those behind it only say "not done".
            if last?.isError != true { last = consume result }
        }
        guard let last, unsafe PQstatus(connection) == CONNECTION_OK else { throw .connectionLost }
        return try last.rows()
    }

    private func flush(until deadline: ContinuousClock.Instant) throws(PostgresError) {
        while true {
            let left = unsafe PQflush(connection)
            guard left != 0 else { return }
            guard left > 0 else { throw .connectionLost }
            guard waitUntilReady(for: Int16(POLLIN | POLLOUT), until: deadline) else { throw .noAnswer }
            // The server may want to be read before it reads on.
            guard unsafe PQconsumeInput(connection) == 1 else { throw .connectionLost }
        }
    }

    private func awaitResult(until deadline: ContinuousClock.Instant) throws(PostgresError) {
        while unsafe PQisBusy(connection) == 1 {
            guard waitUntilReady(for: Int16(POLLIN), until: deadline) else { throw .noAnswer }
            // Results from before the end of the connection, perhaps an error of the server, can still be read.
            if unsafe PQconsumeInput(connection) != 1 { return }
        }
    }

    private func waitUntilReady(for events: Int16, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = max(.zero, deadline - .now).milliseconds
            var descriptor = pollfd(fd: unsafe PQsocket(connection), events: events, revents: 0)
            // unsafe: poll reads and writes the one descriptor during the call.
            let count = unsafe poll(&descriptor, 1, Int32(clamping: left))
            guard count < 0, errno == EINTR else { return count > 0 }
        }
    }

    // MARK: - C strings

    // unsafe: C strings live for the length of the call, and libpq copies what it keeps.
    private static func connect(_ names: [String], _ values: [String]) -> OpaquePointer? {
        unsafe withCStrings(names + [nil]) { names in
            unsafe withCStrings(values + [nil]) { values in
                unsafe PQconnectdbParams(names, values, 1)
            }
        }
    }

    private func send(_ sql: String, _ parameters: [PostgresParameter]) -> Int32 {
        unsafe Self.withCStrings(parameters.map(\.text)) { values in
            unsafe PQsendQueryParams(connection, sql, Int32(parameters.count), nil, values, nil, nil, 0)
        }
    }

    private static func withCStrings<Result>(
        _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        let copies = unsafe texts.map { text in unsafe text.flatMap { unsafe strdup($0) } }
        defer { unsafe copies.forEach { unsafe free($0) } }
        let pointers: [UnsafePointer<CChar>?] = unsafe copies.map { unsafe UnsafePointer($0) }
        return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
        unsafe pointer.map { unsafe String(cString: $0) } ?? ""
    }
}
