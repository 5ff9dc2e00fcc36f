import Shared

/// A value in the path, the query or the headers of a request.
struct APIParameter: Sendable {
    enum Place: String, Sendable { case path, query, header }

    let place: Place
    let name: String
    let schema: JSONSchema
    let text: String
    var example: JSON?

    /// The value that `:id` stands for in the path.
    static func id(_ text: String, _ schema: JSONSchema = .string, example: JSON? = nil) -> APIParameter {
        APIParameter(place: .path, name: "id", schema: schema, text: text, example: example)
    }

    static func query(_ name: String, _ schema: JSONSchema, _ text: String, example: JSON? = nil) -> APIParameter {
        APIParameter(place: .query, name: name, schema: schema, text: text, example: example)
    }

    static func header(_ name: String, _ schema: JSONSchema, _ text: String, example: JSON? = nil) -> APIParameter {
        APIParameter(place: .header, name: name, schema: schema, text: text, example: example)
    }
}

/// A header of an answer.
struct APIHeader: Sendable {
    let name: String
    let schema: JSONSchema
    let text: String

    static let requestID = APIHeader(
        name: "X-Request-Id", schema: .string, text: "The request's own, or one that was made for it.")
    /// Of answers about a request in the queue, errors too.
    static let jobID = APIHeader(
        name: "X-Job-Id", schema: .string, text: "The request in the queue, for `/api/v1/jobs/{id}`.")
    static let retryAfter = APIHeader(
        name: "Retry-After", schema: .integer, text: "Seconds after which asking again may help.")
}
