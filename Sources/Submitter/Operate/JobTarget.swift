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

    /// A job's id, also in the form in which completions carry it.
    static func id(_ text: String) throws -> String {
        let prefix = [ChatFormat.idPrefix, TextFormat.idPrefix].first { text.hasPrefix($0) } ?? ""
        let id = String(text.dropFirst(prefix.count))
        guard JobID.isValid(id) else {
            throw ValidationError(
                "\(TerminalText.plain(text.clipped(toBytes: 80))): expected the id of a request, as in "
                    + "0-01KAT5Q3Z8W6N4J2H0F9D7C5B3")
        }
        return id
    }

    static func missing(_ id: String) -> any Error {
        StandardStreams.error("there is no request \(id), or what is known of it has expired\n")
        return Exit.failed
    }
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
