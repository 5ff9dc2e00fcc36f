import ArgumentParser
import Shared

/// The request that a command is about, by its id.
struct JobTarget {
    let id: String
    let queue: JobQueue

    /// Refuses an id of a shard that there is not as one that is unknown.
    init(_ text: String, in queues: JobQueues) throws {
        id = try Self.id(text)
        guard let queue = queues.queue(of: id) else { throw Self.missing(id) }
        self.queue = queue
    }

    /// A job's id, also in the form in which completions carry it, or `nil` for another text.
    static func idIfValid(_ text: String) -> String? {
        let prefix = [ChatFormat.idPrefix, TextFormat.idPrefix].first { text.hasPrefix($0) } ?? ""
        let id = String(text.dropFirst(prefix.count))
        return JobID.isValid(id) ? id : nil
    }

    /// The same for a text that must be one.
    static func id(_ text: String) throws -> String {
        guard let id = idIfValid(text) else {
            throw ValidationError("\(shown(text)): expected \(expected)")
        }
        return id
    }

    static let expected = "the id of a request, as in 0-01KAT5Q3Z8W6N4J2H0F9D7C5B3"

    /// A text that is no id, as a message names it.
    static func shown(_ text: String) -> String { TerminalText.plain(text.clipped(toBytes: 80)) }

    static func missing(_ id: String) -> any Error {
        StandardStreams.error("there is no request \(id), or what is known of it has expired\n")
        return Exit.failed
    }

    static func unseen(_ id: String) -> any Error {
        StandardStreams.error("\(id): \(unseen)\n")
        return Exit.failed
    }

    /// The words for a request that a search has not found, though it may be there.
    static let unseen =
        "it has not begun, and it is not among the oldest \(QueueListing.mostEntries) requests of each lane, so it may "
        + "wait behind them"
}

/// Numbers of rows that lists take.
enum RowLimit {
    static func check(_ limit: Int) throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit: expected 1 to 1000") }
    }
}

extension Lane: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}

extension QueuedRequest.State: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}
