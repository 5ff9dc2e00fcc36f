import TestSupport
import Testing

@testable import Shared

/// Changing the master key.
@Suite struct KeyRotationTests {
    private let old = Secret(String(repeating: "0f", count: 32))
    private let next = Secret(String(repeating: "a1", count: 32))

    private func rotation(_ pool: PostgresPool) throws -> KeyRotation {
        KeyRotation(pool: pool, box: try SecretBox(masterKey: next, retired: [old])) {}
    }

    private func filled() async throws -> PostgresPool {
        let pool = try await SharedPostgres.shared.migratedPool()
        let file = try CatalogFile(
            text: """
                accounts:
                  - { id: a, provider: openai, api_key: sk-a }
                  - { id: b, provider: openai, api_key: sk-b }
                  - { id: none, provider: sandbox }
                """)
        try await CatalogStore(pool).apply(file, box: try SecretBox(masterKey: old))
        return pool
    }

    @Test func `only the data key is wrapped anew`() throws {
        let box = try SecretBox(masterKey: next, retired: [old])
        let sealed = try SecretBox(masterKey: old).seal(Secret("sk-a"), for: "a")

        let anew = try #require(try box.rewrap(sealed, for: "a"))

        #expect(anew.split(separator: ".").last == sealed.split(separator: ".").last)
        #expect(SecretBox.keyName(of: anew) == box.keyName)
        #expect(try SecretBox(masterKey: next).open(anew, for: "a") == Secret("sk-a"))
        #expect(try box.rewrap(anew, for: "a") == nil)
    }

    @Test func `what cannot be opened is not wrapped`() throws {
        let box = try SecretBox(masterKey: next)
        let sealed = try SecretBox(masterKey: old).seal(Secret("sk-a"), for: "a")

        #expect(throws: SecretBox.Failure.unknownMasterKey) { try box.rewrap(sealed, for: "a") }
        let both = try SecretBox(masterKey: next, retired: [old])
        #expect(throws: SecretBox.Failure.corrupted) { try both.rewrap(sealed, for: "b") }
    }

    @Test func `all keys come under the current one, once, and audited`() async throws {
        let pool = try await filled()
        let rotation = try rotation(pool)

        let first = try await rotation.rotate(actor: "tester")
        let second = try await rotation.rotate(actor: "tester")

        #expect(first == KeyRotation.Counts(rewrapped: 2, current: 0))
        #expect(second == KeyRotation.Counts(rewrapped: 0, current: 2))
        let accounts = try await CatalogStore(pool).load().accounts
        let box = try SecretBox(masterKey: next)
        #expect(try box.open(#require(accounts.first { $0.id == "b" }?.apiKeyEncrypted), for: "b") == Secret("sk-b"))
        let audited = try await AuditLog(pool).list(kind: .account, subject: "a", limit: 9)
        #expect(audited.map { $0["action"] } == ["rewrap_key"] && audited[0]["actor"] == "tester")
    }

    @Test func `check counts by key, and says what cannot be opened`() async throws {
        let pool = try await filled()
        _ = try await pool.query(
            "UPDATE accounts SET api_key_encrypted = $1 WHERE id = 'none'",
            [.text(try SecretBox(masterKey: Secret(String(repeating: "77", count: 32))).seal(Secret("x"), for: "none"))]
        )
        _ = try await pool.query(
            "UPDATE accounts SET api_key_encrypted = b.k FROM (SELECT api_key_encrypted AS k FROM accounts WHERE id = 'a') b WHERE id = 'b'"
        )
        let rotation = try rotation(pool)

        let uses = try await rotation.check()
        let counts = try await rotation.rotate(actor: "tester")

        #expect(Set(uses.map { "\($0.state) \($0.rows) \($0.damaged)" }) == ["retired 2 1", "unknown 1 0"])
        #expect(counts.rewrapped == 1 && Set(counts.failed.keys) == ["b", "none"])
    }

    @Test func `keys that people change meanwhile stay theirs`() async throws {
        let pool = try await filled()
        let box = try SecretBox(masterKey: next, retired: [old])
        let admin = CatalogAdmin(pool: pool, box: box) {}
        let rotation = try rotation(pool)

        try await withThrowingTaskGroup(of: Void.self) { group in
            for round in 0..<10 {
                group.addTask { _ = try await rotation.rotate(actor: "tester") }
                group.addTask { _ = try await admin.rotateKey(account: "a", to: Secret("sk-\(round)"), by: .init("t")) }
            }
            try await group.waitForAll()
        }

        let sealed = try await CatalogStore(pool).load().accounts.first { $0.id == "a" }?.apiKeyEncrypted
        #expect(try SecretBox(masterKey: next).open(#require(sealed), for: "a").reveal().hasPrefix("sk-"))
        #expect(try await rotation.check().map(\.state) == [.current])
    }
}
