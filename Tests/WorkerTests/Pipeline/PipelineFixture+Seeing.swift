import Shared
import TestSupport

/// Traces of a job in Redis.
extension PipelineFixture {
    struct MissingEnd: Error { let records: [String] }

    struct End {
        let status: String
        let result: String
        let meta: JSON

        /// `nil` where the request ended well.
        var kind: JobFailure.Kind? { status == "done" ? nil : JobFailure(decoding: Array(result.utf8)).kind }
        var message: String { JobFailure(decoding: Array(result.utf8)).message }
        var code: String? { JobFailure(decoding: Array(result.utf8)).code }
        /// `account error`, one per attempt.
        var trail: [String] {
            (meta["attempts"]?.arrayValue ?? []).map {
                "\($0["account"]?.stringValue ?? "") \($0["error"]?.stringValue ?? "ok")"
            }
        }
    }

    static let endID = "18446744073709551615-0"

    /// The end of a request.
    ///
    /// Throws where it has not ended.
    func end(_ id: String) async throws -> End {
        let records = try await queue.stream(queue.keys.log(id))
        guard let last = records.last, last.id == Self.endID else { throw MissingEnd(records: records.map(\.id)) }
        return End(
            status: last.fields["st"] ?? "", result: last.fields["r"] ?? "",
            meta: try JSON(parsing: Array((last.fields["m"] ?? "{}").utf8)))
    }

    func logIDs(_ id: String) async throws -> [String] { try await queue.logIDs(id) }

    /// The text of all deltas of one attempt, in the order of the log.
    func text(_ id: String, attempt: Int = 1) async throws -> String {
        try await queue.stream(queue.keys.log(id))
            .filter { $0.id.hasPrefix("\(attempt)-") }
            .flatMap { ($0.fields["d"] ?? "").split(separator: "\n") }
            .map { line in
                let choices = try JSON(parsing: Array(line.utf8))["choices"]?.arrayValue
                return choices?.first?["delta"]?["content"]?.stringValue ?? ""
            }
            .joined()
    }

    /// The ledger rows of one request in the outbox, oldest first.
    func bills(_ id: String) async throws -> [AttemptRecord] {
        try await queue.stream(queue.keys.usage)
            .filter { $0.fields["id"] == id }
            .compactMap { AttemptRecord(decoding: Array(($0.fields["u"] ?? "").utf8)) }
    }

    /// Attempt numbers and finality of one request's bills, as in `1 final`.
    func billed(_ id: String) async throws -> [String] {
        try await queue.bills().filter { $0.hasPrefix(id + " ") }.map { String($0.dropFirst(id.count + 1)) }
    }

    /// Entries and claims of all lanes, waiting requests: 0 once everything has ended.
    func leftovers() async throws -> Int {
        var sum = try await waiting()
        for lane in Lane.allCases { sum += try await queue.length(lane) + queue.pending(lane).count }
        return sum
    }

    func waiting() async throws -> Int {
        Int(try await queue.redis.send(RedisCommand("ZCARD", .string(queue.keys.delayed))).int ?? -1)
    }

    func hasLogged(_ record: String, of id: String) async throws {
        try await eventually("the log holds \(record)") { try await logIDs(id).contains(record) }
    }
}
