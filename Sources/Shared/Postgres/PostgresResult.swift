import CPostgres

/// The one owner of a libpq result, from which everything is copied.
@safe struct PostgresResult: ~Copyable {
    // unsafe: an owned PGresult, cleared in deinit, never handed out.
    private let result: OpaquePointer

    init(_ result: OpaquePointer) { unsafe self.result = result }

    deinit { unsafe PQclear(result) }

    var isError: Bool {
        switch unsafe PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: false
        default: true
        }
    }

    func rows() throws(PostgresError) -> PostgresRows {
        if isError { throw failure }
        let (width, height) = unsafe (PQnfields(result), PQntuples(result))
        let columns = (0..<width).map { unsafe String(cString: PQfname(result, $0)) }
        let values = (0..<height).map { row in
            (0..<width).map { column in
                unsafe PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
            }
        }
        return PostgresRows(columns: columns, values: values, tag: unsafe String(cString: PQcmdStatus(result)))
    }

    private var failure: PostgresError {
        guard let state = field("C") else { return .connectionLost }
        return PostgresError(sqlState: state, message: field("M") ?? "error", constraint: field("n"))
    }

    /// `PG_DIAG_SQLSTATE` and so on, which are characters
    /// (https://www.postgresql.org/docs/15/protocol-error-fields.html).
    private func field(_ name: Unicode.Scalar) -> String? {
        unsafe PQresultErrorField(result, Int32(name.value)).map { unsafe String(cString: $0) }
    }
}
