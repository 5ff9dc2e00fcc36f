/// The HTTP status that an error names in its body: 400 to 599, as a number, a text or one of Google's words.
import Shared

enum NamedStatus {
    /// The members that may hold it, the plainest first.
    private static let names = [
        "status_code", "statusCode", "http_status", "http_status_code", "http_code", "status", "code", "error_code",
    ]

    /// google.rpc.Code, which Gemini's compatible endpoint writes into `status`.
    static let words = [
        "INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "OUT_OF_RANGE": 400, "UNAUTHENTICATED": 401,
        "PERMISSION_DENIED": 403, "NOT_FOUND": 404, "ABORTED": 409, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429,
        "CANCELLED": 499, "INTERNAL": 500, "UNKNOWN": 500, "DATA_LOSS": 500, "UNIMPLEMENTED": 501, "UNAVAILABLE": 503,
        "DEADLINE_EXCEEDED": 504,
    ]

    static func of(_ object: JSONObject) -> Int? {
        names.lazy.compactMap { object[$0].flatMap(status) }.first
    }

    private static func status(_ value: JSON) -> Int? {
        switch value {
        case .number: value.intValue.flatMap(checked)
        case .string(let text): number(in: text) ?? words[text]
        default: nil
        }
    }

    /// Reads `"429"` and `"429 Too Many Requests"`.
    static func number(in text: String) -> Int? {
        let first = text.prefix { $0 != " " }
        return first.utf8.count == 3 ? Int(first).flatMap(checked) : nil
    }

    private static func checked(_ number: Int) -> Int? { (400...599).contains(number) ? number : nil }
}
