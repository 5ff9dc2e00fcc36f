/// Moves the keys of all accounts to the current `MASTER_KEY`, while the service runs.
///
/// Each row is a step of its own: read, wrap anew, write if nobody else wrote meanwhile, with its audit row. A rotation
/// that was stopped does what is left when it is begun again. Processes that know both master keys open a row before
/// and after.
package struct KeyRotation: Sendable {
    package struct Counts: Sendable, Equatable {
        package var rewrapped = 0
        /// Under the current key already.
        package var current = 0
        /// Ids of accounts whose key cannot be opened, with the reason.
        package var failed: [String: String] = [:]
    }

    /// The rows under one master key.
    package struct Use: Sendable, Equatable {
        package enum State: String, Sendable { case current, retired, unknown }

        package var key: String
        package var state: State
        package var rows: Int
        /// Rows of these that are damaged, or belong to another account.
        package var damaged: Int
    }

    private let pool: PostgresPool
    private let box: SecretBox
    private let changed: @Sendable () async -> Void

    package init(pool: PostgresPool, box: SecretBox, changed: @escaping @Sendable () async -> Void) {
        self.pool = pool
        self.box = box
        self.changed = changed
    }

    package func rotate(actor: String) async throws(PostgresError) -> Counts {
        var counts = Counts()
        for (id, sealed) in try await sealedKeys() { try await rotate(id, sealed, actor, &counts) }
        if counts.rewrapped > 0 { await changed() }
        return counts
    }

    /// By the names of the keys.
    package func check() async throws(PostgresError) -> [Use] {
        var uses: [String: Use] = [:]
        for (id, sealed) in try await sealedKeys() {
            let key = SecretBox.keyName(of: sealed) ?? "?"
            let state: Use.State =
                key == box.keyName ? .current : box.knows(keyNamed: key) ? .retired : .unknown
            uses[key, default: Use(key: key, state: state, rows: 0, damaged: 0)].rows += 1
            do { _ = try box.open(sealed, for: id) } catch {
                if error == .corrupted { uses[key]?.damaged += 1 }
            }
        }
        return uses.values.sorted { $0.key < $1.key }
    }

    private func rotate(
        _ id: String, _ sealed: String, _ actor: String, _ counts: inout Counts
    ) async throws(PostgresError) {
        var sealed = sealed
        while true {
            let anew: String?
            do { anew = try box.rewrap(sealed, for: id) } catch {
                counts.failed[id] = "\(error)"
                return
            }
            guard let anew else {
                counts.current += 1
                return
            }
            if try await write(id, from: sealed, to: anew, actor) {
                counts.rewrapped += 1
                return
            }
            // Somebody gave the account another key, or took it away.
            guard let now = try await sealedKeys(of: id).first?.sealed else { return }
            sealed = now
        }
    }

    private func write(
        _ id: String, from old: String, to new: String, _ actor: String
    ) async throws(PostgresError) -> Bool {
        try await pool.query(
            """
            WITH changed AS (
                UPDATE accounts SET api_key_encrypted = $3, updated_at = now() WHERE id = $1 AND api_key_encrypted = $2 RETURNING id)
            INSERT INTO audit_log (actor, action, kind, subject, before, after)
            SELECT $4, 'rewrap_key', 'account', id, jsonb_build_object('master_key', $5::text),
                jsonb_build_object('master_key', $6::text)
            FROM changed RETURNING id
            """,
            [
                .text(id), .text(old), .text(new), .text(actor), .text(SecretBox.keyName(of: old)), .text(box.keyName),
            ]
        ).count > 0
    }

    private func sealedKeys(of id: String? = nil) async throws(PostgresError) -> [(id: String, sealed: String)] {
        let rows = try await pool.query(
            """
            SELECT id, api_key_encrypted FROM accounts
            WHERE api_key_encrypted <> '' AND ($1::text IS NULL OR id = $1) ORDER BY id
            """, [.text(id)])
        var keys: [(id: String, sealed: String)] = []
        for row in rows.rows { keys.append((try row.required("id"), try row.required("api_key_encrypted"))) }
        return keys
    }
}
