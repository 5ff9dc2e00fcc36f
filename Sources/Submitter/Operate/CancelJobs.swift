import ArgumentParser
import Shared

struct CancelJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancels requests, whether they wait or run.",
        discussion: """
            A running one is stopped by its worker, which closes the platform's connection; its tokens so far are booked. \
            Its caller gets the failure 'cancelled'.

            Examples:
              submitter jobs cancel 0-01KAT5Q3Z8W6N4J2H0F9D7C5B3
              submitter jobs list --tenant acme --json | jq -r .[].id | xargs submitter jobs cancel

            Exit codes: 0 cancelled, 1 for at least one there is no such request or it has ended, or it is no id (each is \
            named, and the others are cancelled), 3 wrong settings, 64 no id at all.
            """)

    @Argument(help: "The ids.")
    var ids: [String]

    func run() async throws {
        try await AdminSession.run { session in
            let isDone = try await session.withQueues { queues in
                let search = try await queues.find(ids.compactMap(JobTarget.idIfValid))
                var isDone = true
                for id in ids where try await !Self.cancel(id, queues, search) { isDone = false }
                return isDone
            }
            if !isDone { throw Exit.failed }
        }
    }

    /// Asks for the request first, since an end would be written for any id.
    private static func cancel(_ text: String, _ queues: JobQueues, _ search: QueueSearch) async throws -> Bool {
        guard let id = JobTarget.idIfValid(text) else {
            return complain(JobTarget.shown(text), "expected \(JobTarget.expected)")
        }
        guard let queue = queues.queue(of: id) else { return complain(id, "there is no such request") }
        let outcome = search[id]
        if outcome.request == nil, try await queue.logEdges(id) == nil {
            return complain(id, outcome == .unseen ? JobTarget.unseen : "there is no such request")
        }
        switch try await queue.cancel(id, deadline: outcome.request?.deadline) {
        case .cancelled: AdminOutput.say("Cancelled \(id).")
        case .ended: return complain(id, "it has ended already")
        }
        return true
    }

    private static func complain(_ id: String, _ text: String) -> Bool {
        StandardStreams.error("\(id): \(text)\n")
        return false
    }
}
