import Shared

/// A body of one type, with examples.
struct APIContent: Sendable {
    let type: String
    let schema: JSONSchema
    /// Each with a few words that say what it shows.
    var examples: [(text: String, value: JSON)] = []

    static func json(_ schema: JSONSchema, _ examples: [(text: String, value: JSON)] = []) -> APIContent {
        APIContent(type: "application/json", schema: schema, examples: examples)
    }

    static func json(_ schema: JSONSchema, example: JSON) -> APIContent { .json(schema, [("Example", example)]) }
}

/// The body of a request.
struct APIBody: Sendable {
    let contents: [APIContent]
    var isRequired = true

    static func json(_ schema: JSONSchema, example: JSON, isRequired: Bool = true) -> APIBody {
        APIBody(contents: [.json(schema, example: example)], isRequired: isRequired)
    }

    static func json(_ schema: JSONSchema, _ examples: [(text: String, value: JSON)]) -> APIBody {
        APIBody(contents: [.json(schema, examples)])
    }
}

/// An answer that is no error of the API's shape.
struct APIAnswer: Sendable {
    let status: Int
    let text: String
    var contents: [APIContent] = []
    var headers: [APIHeader] = []

    static func ok(
        _ text: String, _ schema: JSONSchema, example: JSON, headers: [APIHeader] = []
    ) -> APIAnswer {
        APIAnswer(status: 200, text: text, contents: [.json(schema, example: example)], headers: headers)
    }
}

/// An error that a route answers with.
struct APIRefusal: Sendable {
    let status: Int
    /// The `code` of its body.
    let code: String
    /// Its body, whole.
    let example: JSON
    /// It says after which time asking again may help.
    var hasRetryAfter = false
}
