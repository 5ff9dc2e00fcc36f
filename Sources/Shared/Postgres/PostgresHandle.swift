import CPostgres
import Glibc

/// The one owner of a libpq connection. Every call blocks: only for a thread that may.
///
/// Not Sendable; `PostgresConnection` confines it to its thread. The only file that touches libpq.
@safe struct PostgresHandle: ~Copyable {
    // unsafe: an owned PGconn; made in init, finished in deinit, never handed out.
    private let connection: OpaquePointer

    private init(_ connection: OpaquePointer) { unsafe self.connection = connection }

    /// Connects, at most `connect_timeout`.
    static func connected(_ settings: [(String, String)]) throws(PostgresError) -> PostgresHandle {
        guard let connection = unsafe connect(settings.map(\.0), settings.map(\.1)) else {
            throw PostgresError(.unavailable, "libpq is out of memory")
        }
        let handle = unsafe PostgresHandle(connection)
        // libpq's own text may quote a wrong URL, and so a password.
        guard handle.isUsable else { throw PostgresError(.unavailable, "cannot connect to the database server") }
        return handle
    }

    deinit { unsafe PQfinish(connection) }

    var isUsable: Bool { unsafe PQstatus(connection) == CONNECTION_OK }
    /// Whether a transaction is open, failed or not.
    var isInTransaction: Bool { unsafe PQtransactionStatus(connection) != PQTRANS_IDLE }

    func execute(_ sql: String, _ parameters: [PostgresParameter]) throws(PostgresError) -> PostgresRows {
        var texts: [[CChar]?] = []
        for (index, parameter) in parameters.enumerated() {
            guard case .text(let text) = parameter else {
                texts.append(nil)
                continue
            }
            guard !text.utf8.contains(0) else {
                throw PostgresError(.parameter, "parameter $\(index + 1) contains a NUL byte")
            }
            texts.append(text.utf8CString.map { $0 })
        }
        guard let result = unsafe run(sql, texts) else {
            throw PostgresError(.unavailable, "the connection to the database server was lost")
        }
        // unsafe: the result is ours until it is cleared here; everything is copied out of it first.
        defer { unsafe PQclear(result) }
        return try unsafe Self.rows(result, isUsable: isUsable)
    }

    /// Several statements without parameters: migrations.
    func executeScript(_ sql: String) throws(PostgresError) {
        guard let result = unsafe PQexec(connection, sql) else {
            throw PostgresError(.unavailable, "the connection to the database server was lost")
        }
        defer { unsafe PQclear(result) }
        _ = try unsafe Self.rows(result, isUsable: isUsable)
    }

    // unsafe: C strings live for the length of the call; libpq copies what it keeps.
    private static func connect(_ names: [String], _ values: [String]) -> OpaquePointer? {
        unsafe withCStrings(names) { names in
            unsafe withCStrings(values) { values in
                unsafe PQconnectdbParams(names, values, 1)
            }
        }
    }

    private static func withCStrings<Result>(
        _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = unsafe texts.map { unsafe strdup($0) }
        defer { unsafe copies.forEach { unsafe free($0) } }
        var pointers: [UnsafePointer<CChar>?] = unsafe copies.map { unsafe UnsafePointer($0) }
        unsafe pointers.append(nil)
        return unsafe pointers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("the array holds at least its end") }
            return unsafe body(base)
        }
    }

    private func run(_ sql: String, _ texts: [[CChar]?]) -> OpaquePointer? {
        let copies = unsafe texts.map { text -> UnsafeMutablePointer<CChar>? in
            guard let text else { return nil }
            return unsafe text.withUnsafeBufferPointer { unsafe $0.baseAddress.flatMap { unsafe strdup($0) } }
        }
        defer { unsafe copies.forEach { unsafe free($0) } }
        let pointers: [UnsafePointer<CChar>?] = unsafe copies.map { unsafe UnsafePointer($0) }
        return unsafe pointers.withUnsafeBufferPointer { values in
            unsafe PQexecParams(connection, sql, Int32(texts.count), nil, values.baseAddress, nil, nil, 0)
        }
    }

    private static func rows(_ result: OpaquePointer, isUsable: Bool) throws(PostgresError) -> PostgresRows {
        switch unsafe PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
        default:
            guard isUsable, let state = unsafe PQresultErrorField(result, Int32(UInt8(ascii: "C"))) else {
                throw PostgresError(.unavailable, "the connection to the database server was lost")
            }
            let message = unsafe PQresultErrorField(result, Int32(UInt8(ascii: "M")))
            let text = unsafe message.map { unsafe String(cString: $0) } ?? "error"
            throw unsafe PostgresError(sqlState: String(cString: state), message: safe(text))
        }
        let (width, height) = unsafe (PQnfields(result), PQntuples(result))
        let columns = (0..<width).map { unsafe String(cString: PQfname(result, $0)) }
        let values = (0..<height).map { row in
            (0..<width).map { column in
                unsafe PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
            }
        }
        let affected = unsafe Int(String(cString: PQcmdTuples(result))) ?? 0
        return PostgresRows(columns: columns, values: values, affected: affected)
    }

    /// PostgreSQL quotes wrong input in the primary message of class 22 errors ("invalid input syntax for type integer: …").
    private static func safe(_ message: String) -> String {
        guard let colon = message.firstIndex(of: ":"), message.hasPrefix("invalid") else { return message }
        return String(message[..<colon])
    }
}
