import Shared

/// One request of a batch, read from a line in OpenAI's format: `custom_id`, `method`, `url`, `body`.
struct BatchLine: Sendable, Equatable {
    let customID: String
    let request: ModelRequest

    /// A mistake in a line, and its place.
    struct Mistake: Error, Equatable {
        /// As in `body.messages[0].role`, or `nil` for the line as a whole.
        let field: String?
        let message: String
        var code = "invalid_value"
    }

    /// Bytes of a `custom_id`: chosen, OpenAI documents none, and each is held while a file is checked.
    static let longestID = 512

    /// Reads one line without its line feed.
    ///
    /// `operation`: the only one that is allowed, where there is one. The answer of a batch is whole, so `stream` in a
    /// body is left out.
    init(parsing bytes: [UInt8], operation: Job.Operation? = nil) throws(Mistake) {
        try self.init(Self.json(bytes), operation: operation)
    }

    init(_ line: JSON, operation: Job.Operation? = nil) throws(Mistake) {
        guard let object = line.objectValue else {
            throw Mistake(field: nil, message: "expected a JSON object", code: "invalid_json_line")
        }
        customID = try Self.customID(object["custom_id"])
        if let method = object["method"], method.stringValue != "POST" {
            throw Mistake(field: "method", message: "expected POST")
        }
        let named = try Self.operation(object["url"], operation)
        guard var body = object["body"]?.objectValue else {
            throw Mistake(field: "body", message: "expected an object", code: "missing_required_parameter")
        }
        body.remove("stream")
        body.remove("stream_options")
        do throws(RequestError) {
            request = try ModelRequest(validating: .object(body), as: named)
        } catch {
            throw Mistake(
                field: error.param.map { "body.\($0)" } ?? "body", message: error.message, code: error.code.rawValue)
        }
    }

    /// The neutral request as it is queued.
    var body: [UInt8] {
        switch request {
        case .chat(let chat): chat.body.encoded
        case .embeddings(let embeddings): embeddings.body.encoded
        }
    }

    static func json(_ bytes: [UInt8]) throws(Mistake) -> JSON {
        do throws(JSONError) { return try JSON(parsing: bytes) } catch {
            throw Mistake(field: nil, message: "expected JSON: \(error)", code: "invalid_json_line")
        }
    }

    private static func customID(_ value: JSON?) throws(Mistake) -> String {
        guard let value else {
            throw Mistake(field: "custom_id", message: "it is missing", code: "missing_required_parameter")
        }
        guard let id = value.stringValue, (1...longestID).contains(id.utf8.count) else {
            throw Mistake(field: "custom_id", message: "expected a text of 1 to \(longestID) bytes")
        }
        return id
    }

    private static func operation(_ url: JSON?, _ only: Job.Operation?) throws(Mistake) -> Job.Operation {
        guard let url else {
            throw Mistake(field: "url", message: "it is missing", code: "missing_required_parameter")
        }
        let allowed = only.map { [$0] } ?? Job.Operation.allCases
        guard let operation = allowed.first(where: { url.stringValue == $0.endpoint }) else {
            throw Mistake(
                field: "url", message: "expected \(allowed.map(\.endpoint).joined(separator: " or "))",
                code: only == nil ? "invalid_url" : "mismatched_endpoint")
        }
        return operation
    }
}

extension ModelRequest {
    fileprivate init(validating body: JSON, as operation: Job.Operation) throws(RequestError) {
        switch operation {
        case .chat: self = .chat(try ChatRequest(validating: body))
        case .embeddings: self = .embeddings(try EmbeddingsRequest(validating: body))
        }
    }
}

/// Finds lines of a batch with a `custom_id` that was there before.
///
/// Holds 16 bytes an id, whatever its length, and up to a quarter more. The ids are spread over sorted arrays, since
/// one large table would be there twice whenever it grows.
struct CustomIDs {
    private struct Digest: Comparable {
        let high: UInt64
        let low: UInt64

        static func < (one: Self, other: Self) -> Bool { (one.high, one.low) < (other.high, other.low) }
    }

    /// Chosen: a few hundred ids each in a file of a million lines.
    private static let parts = 4096

    private var seen = [[Digest]](repeating: [], count: parts)

    /// Returns `false` where the id was there before.
    mutating func insert(_ id: String) -> Bool {
        let words = JobID.digest(id)
        return Self.insert(Digest(high: words[0], low: words[1]), &seen[Int(words[0] % UInt64(Self.parts))])
    }

    private static func insert(_ digest: Digest, _ sorted: inout [Digest]) -> Bool {
        let place = place(of: digest, in: sorted)
        guard place == sorted.count || sorted[place] != digest else { return false }
        // An array that grows by itself doubles.
        if sorted.count == sorted.capacity { sorted.reserveCapacity(sorted.count + sorted.count / 4 + 4) }
        sorted.insert(digest, at: place)
        return true
    }

    /// The first place whose digest is not smaller.
    private static func place(of digest: Digest, in sorted: [Digest]) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < digest { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
