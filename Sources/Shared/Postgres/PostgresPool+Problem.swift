extension PostgresPool {
    /// `nil` where the server answers a query, else the kind of the error: for health reports.
    package func problem() async -> String? {
        do throws(PostgresError) {
            _ = try await query("SELECT 1")
            return nil
        } catch {
            return "\(error.code)"
        }
    }
}
