import ArgumentParser
import Shared

/// `submitter keys`: moves sealed keys from one MASTER_KEY to the next.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Moves the sealed keys of accounts from one MASTER_KEY to the next.",
        discussion: """
            1. Restart all processes with the next key in MASTER_KEY and the present one in MASTER_KEY_RETIRED.
            2. submitter keys rotate, with the same settings; as often as you like, also under load.
            3. submitter keys check: all rows are under the current key. Take MASTER_KEY_RETIRED away.

            Example: submitter keys check

            docs/operations.md says how to do it without a process that meets a key it does not know.
            """,
        subcommands: [RotateKeys.self, CheckKeys.self])
}

struct RotateKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Wraps the keys of all accounts with the current MASTER_KEY.",
        discussion: """
            Only what is under a retired key (MASTER_KEY_RETIRED) is touched; a key that is changed meanwhile is left alone.

            Example: submitter keys rotate

            Exit codes: 0 all are under the current key, 1 some cannot be opened (named) or PostgreSQL is away, 3 wrong settings.
            """)

    func run() async throws {
        try await AdminSession.run { session in
            let counts = try await session.rotation().rotate(actor: session.actor)
            for (id, why) in counts.failed.sorted(by: { $0.key < $1.key }) { StandardStreams.error("\(id): \(why)\n") }
            AdminOutput.say(
                "Wrapped anew: \(counts.rewrapped). Under the current key already: \(counts.current). "
                    + "Cannot be opened: \(counts.failed.count).")
            if !counts.failed.isEmpty { throw Exit.failed }
        }
    }
}

struct CheckKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Counts the keys of accounts by the master key that they are sealed under.",
        discussion: """
            Example: submitter keys check --json

            Exit codes: 0 every key can be opened, 1 some cannot (their master key is not here, or they are damaged), 3 wrong settings.
            """)

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await AdminSession.run { session in
            let uses = try await session.rotation().check()
            let rows: [JSON] = uses.map {
                [
                    "key": .string($0.key), "state": .string($0.state.rawValue), "accounts": .int($0.rows),
                    "damaged": .int($0.damaged),
                ]
            }
            AdminOutput.list(rows, ["key", "state", "accounts", "damaged"], asJSON: json)
            if uses.contains(where: { $0.state == .unknown || $0.damaged > 0 }) { throw Exit.failed }
        }
    }
}

extension AdminSession {
    fileprivate func rotation() throws -> KeyRotation {
        guard let box = try startup.shared.masterKeys.box() else { throw CatalogAdminError.noMasterKey }
        return KeyRotation(pool: pool, box: box) { await tell() }
    }
}
