import HTTPTypes
import NIOCore
import Shared

/// Writes the jobs API's reports (pure).
enum JobReport {
    static func path(_ id: String) -> String { "/api/v1/jobs/\(id)" }

    static func queued(_ id: String) -> JSON { .object(base(id, "queued")) }

    /// A job that has not ended, by the last record of its log.
    ///
    /// With a place it waits, perhaps once more.
    static func unended(_ id: String, _ last: RequestLogEntry, _ place: QueuePlace? = nil) -> JSON {
        var report = base(id, last.id.attempt == 0 || place != nil ? "queued" : "running")
        report.set("attempt", .number(JSONNumber(Int64(clamping: last.id.attempt))))
        if let place { report.set("queue", place.json) }
        return .object(report)
    }

    /// `completion` is the answer of a job that ended well.
    static func ended(_ id: String, _ end: RequestEnd, _ completion: ByteBuffer) -> JSON {
        var report = base(id, end.status.rawValue)
        let meta = (try? JSON(parsing: Array(end.meta.readableBytesView))) ?? [:]
        for (name, value) in RouteMembers(meta).members where value != .null { report.set(name, value) }
        if let usage = meta["usage"] { report.set("usage", usage) }
        if meta["estimated"] == true { report.set("usage_estimated", true) }
        if let failure = end.failure {
            let error = APIError(failure)
            report.set("error", error.json(requestID: id)["error"] ?? .null)
            report.set("error_status", .int(error.status.code))
        } else {
            report.set("result", (try? JSON(parsing: Array(completion.readableBytesView))) ?? .null)
        }
        return .object(report)
    }

    private static func base(_ id: String, _ status: String) -> JSONObject {
        [
            "id": .string(id), "object": "job", "status": .string(status),
            "links": ["self": .string(path(id)), "stream": .string(path(id) + "/stream")],
        ]
    }
}
