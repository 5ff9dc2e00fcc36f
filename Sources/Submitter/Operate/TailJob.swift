import ArgumentParser
import Shared

struct TailJob: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Prints the answer of a request as it comes, to its end.",
        discussion: """
            Begins with what is there already, so it works before, during and after the answer, for as long as the log is \
            there. Reasoning goes to standard error, and so does what is said about waiting. A lost connection to Redis \
            is survived without a gap or a repeat. Looking does not keep a request alive, and Ctrl-C does not cancel it: \
            it says how to go on with --after.

            Examples:
              submitter jobs tail 0-01KAT5Q3Z8W6N4J2H0F9D7C5B3
              submitter jobs tail ID --after 1-42

            Exit codes: 0 answered, 1 no such request or it failed (the reason is on standard error), 3 wrong settings, \
            64 wrong arguments, 130 interrupted.
            """)

    @Argument(help: "The id, as in X-Job-Id; chatcmpl- may stand before it.")
    var id: String

    @Option(help: ArgumentHelp("Begin after this record, an event's id in streams.", valueName: "attempt-seq"))
    var after: String?

    func validate() throws {
        _ = try JobTarget.id(id)
        _ = try start()
    }

    private func start() throws -> RequestLogID {
        guard let after else { return .beginning }
        guard let id = RequestLogID(after) else {
            throw ValidationError("--after: expected the id of a record, as in 1-42")
        }
        // Nothing can follow the end, and Redis refuses to read after it. Read the end itself again.
        return min(id, RequestLogID(attempt: .max - 1, seq: .max))
    }

    func run() async throws {
        let start = try start()
        try await AdminSession.run { session in
            try await session.withQueues { queues in
                let tail = LogTail(try JobTarget(id, in: queues), ChatPrinter(asJSON: false), after: start)
                let outcome = try await Interrupt.race { try await tail.follow() }
                try Self.tell(outcome, tail)
            }
        }
    }

    private static func tell(_ outcome: LogTail.Outcome?, _ tail: LogTail) throws {
        switch outcome {
        case .answered: return
        case .failed(let failure):
            StandardStreams.error("\(failure.kind.rawValue): \(TerminalText.plain(failure.message))\n")
            throw Exit.failed
        case .gone: throw JobTarget.missing(tail.id)
        case nil:
            StandardStreams.error("\n[to go on: submitter jobs tail \(tail.id) --after \(tail.last)]\n")
            throw Exit.interrupted
        }
    }
}
