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

            Exit codes: 0 cancelled, 1 no such request or it has ended (each is named), 3 wrong settings, 64 no id.
            """)

    @Argument(help: "The ids.")
    var ids: [String]

    func validate() throws { for id in ids { _ = try JobTarget.id(id) } }

    func run() async throws {
        try await AdminSession.run { session in
            let isDone = try await session.withQueues { queues in
                var isDone = true
                for id in ids where try await !Self.cancel(id, queues) { isDone = false }
                return isDone
            }
            if !isDone { throw Exit.failed }
        }
    }

    /// Asks for the request first, since an end would be written for any id.
    private static func cancel(_ text: String, _ queues: JobQueues) async throws -> Bool {
        let id = try JobTarget.id(text)
        guard let queue = queues.queue(of: id) else { return complain(id, "there is no such request") }
        let request = try await QueueListing(queue: queue).find(id)
        if request == nil, try await queue.logEdges(id) == nil { return complain(id, "there is no such request") }
        switch try await queue.cancel(id, deadline: request?.deadline) {
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
