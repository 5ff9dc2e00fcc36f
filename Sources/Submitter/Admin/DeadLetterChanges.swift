import ArgumentParser
import Shared

/// Chooses the dead letters that a command changes: some by name, or all, or all with a reason.
struct DeadLetterChoice: ParsableArguments {
    @Argument(help: "The ids, as the list shows them.")
    var ids: [String] = []

    @Flag(help: "All of them.")
    var all = false

    @Option(help: "All with this reason.")
    var why: String?

    func validate() throws {
        guard [!ids.isEmpty, all, why != nil].filter({ $0 }).count == 1 else {
            throw ValidationError("expected ids, or --all, or --why")
        }
        for id in ids { _ = try DeadLetterSession.id(id) }
    }
}

struct RetryDead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Puts dead letters back to where they came from.",
        discussion: """
            A request gets a new id, which is printed, a fresh deadline and no attempts; the old one stays ended. Read the \
            answer as a job's: GET /api/v1/jobs/<new id>. A ledger row goes back to the outbox as it is.

            Example: submitter dead retry --why poison
            """)

    @OptionGroup var choice: DeadLetterChoice

    func run() async throws {
        try await DeadLetterSession.run { shards in
            let ids =
                choice.ids.isEmpty
                ? try await shards.ids(.init(why: choice.why)).reversed()
                : try choice.ids.map(DeadLetterSession.id)
            var failed = 0
            for id in ids where try await !retry(id, shards) { failed += 1 }
            if failed > 0 { throw Exit.failed }
        }
    }

    private func retry(_ id: DeadLetterID, _ shards: [DeadLetters]) async throws -> Bool {
        guard let (shard, letter) = try await shards.find(id) else {
            return complain(id, "there is no such dead letter")
        }
        switch try await shard.retry(letter) {
        case .request(let new): AdminOutput.say("\(id) is queued again as \(new).")
        case .row: AdminOutput.say("\(id) is back in the outbox.")
        case .gone: return complain(id, "somebody else has retried or dropped it")
        case .impossible(let why): return complain(id, "it can only be dropped: \(why)")
        }
        return true
    }

    private func complain(_ id: DeadLetterID, _ text: String) -> Bool {
        StandardStreams.error("\(id): \(text)\n")
        return false
    }
}

struct DropDead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Removes dead letters for good.",
        discussion: "Example: submitter dead drop --why unreadable")

    @OptionGroup var choice: DeadLetterChoice

    func run() async throws {
        try await DeadLetterSession.run { shards in
            let ids = try choice.ids.map(DeadLetterSession.id)
            var dropped = ids.isEmpty ? try await shards.dropAll(.init(why: choice.why)) : 0
            for shard in shards { dropped += try await shard.drop(ids.filter { $0.shard == shard.shard }) }
            AdminOutput.say("Dropped \(dropped) dead letter\(dropped == 1 ? "" : "s").")
            if dropped < ids.count { throw Exit.failed }
        }
    }
}

/// Redis, and the dead letters of every shard in it.
enum DeadLetterSession {
    static func run(_ work: @Sendable ([DeadLetters]) async throws -> Void) async throws {
        try await AdminSession.run { session in
            try await session.withQueues { queues in try await work(queues.all.map(DeadLetters.init)) }
        }
    }

    static func id(_ text: String) throws -> DeadLetterID {
        guard let id = DeadLetterID(text) else {
            throw ValidationError("\(text): expected the id of a dead letter, as in 0:1795402823000-0")
        }
        return id
    }

    static func missing(_ id: DeadLetterID) -> any Error {
        StandardStreams.error("there is no dead letter \(id)\n")
        return Exit.failed
    }
}
