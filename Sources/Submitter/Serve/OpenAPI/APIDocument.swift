import Shared

/// The API in the words of OpenAPI 3.1, made of the entries of the route table (pure).
///
/// 3.1 because its schemas are those of JSON Schema, which says "or null" in one word. Swagger UI, ReDoc and
/// schemathesis read it.
struct APIDocument {
    /// One route: its method, its path as in `/api/v1/jobs/:id`, and its entry.
    struct Route {
        let method: String
        let path: String
        let operation: APIOperation
    }

    /// The errors that every route may answer with, and the shape of all.
    struct Common {
        let error: JSONSchema
        let refusals: [APIRefusal]
    }

    private let routes: [Route]
    private let common: Common
    private let text: String

    /// `text` is the description of the whole API, in Markdown.
    init(_ routes: [Route], _ common: Common, text: String) {
        self.routes = routes
        self.common = common
        self.text = text
    }

    var json: JSON {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "AI Model Service", "version": .string(Build.version), "description": .string(text),
                "license": ["name": "MIT", "identifier": "MIT"],
            ],
            "servers": [["url": "/"]],
            "tags": .array(
                APIGroup.allCases.filter { group in routes.contains { $0.operation.group == group } }
                    .map { ["name": .string($0.rawValue), "description": .string($0.text)] }),
            "paths": .object(paths),
            "components": ["schemas": .object(schemas), "examples": .object(refusalExamples)],
        ]
    }

    // MARK: - Paths

    private var paths: JSONObject {
        var paths = JSONObject()
        for route in routes {
            paths.change(Self.template(route.path)) { path in
                var operations = path.objectValue ?? [:]
                operations.set(route.method.lowercased(), json(route.operation))
                path = .object(operations)
            }
        }
        return paths
    }

    /// `/jobs/:id` as `/jobs/{id}`.
    static func template(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
    }

    private func json(_ operation: APIOperation) -> JSON {
        var json: JSONObject = [
            "operationId": .string(operation.id), "tags": [.string(operation.group.rawValue)],
            "summary": .string(operation.summary),
        ]
        if let details = operation.details { json.set("description", .string(details)) }
        if !operation.parameters.isEmpty { json.set("parameters", .array(operation.parameters.map(\.json))) }
        if let body = operation.body {
            json.set("requestBody", ["required": .bool(body.isRequired), "content": body.contents.json])
        }
        json.set("responses", .object(responses(of: operation)))
        return .object(json)
    }

    private func responses(of operation: APIOperation) -> JSONObject {
        var responses = JSONObject()
        for answer in operation.answers { responses.set(String(answer.status), answer.json) }
        let isAboutJob = operation.answers.contains { $0.headers.contains { $0.name == APIHeader.jobID.name } }
        for (status, refusals) in refusals(of: operation) {
            responses.set(String(status), response(refusals, isAboutJob ? [.jobID] : []))
        }
        return responses
    }

    /// By status, each code once.
    private func refusals(of operation: APIOperation) -> [(Int, [APIRefusal])] {
        let all = operation.refusals + common.refusals
        return Set(all.map(\.status)).sorted().map { status in
            var codes: Set<String> = []
            return (status, all.filter { $0.status == status && codes.insert($0.code).inserted })
        }
    }

    private func response(_ refusals: [APIRefusal], _ headers: [APIHeader]) -> JSON {
        let waits = refusals.contains(where: \.hasRetryAfter)
        var examples = JSONObject()
        for refusal in refusals {
            examples.set(refusal.code, ["$ref": .string("#/components/examples/\(refusal.code)")])
        }
        return [
            "description": .string(refusals.map { "`\($0.code)`" }.joined(separator: ", ")),
            "headers": ([.requestID] + headers + (waits ? [.retryAfter] : [])).json,
            "content": ["application/json": ["schema": common.error.json, "examples": .object(examples)]],
        ]
    }

    // MARK: - Components

    private var refusalExamples: JSONObject {
        var examples = JSONObject()
        let all = common.refusals + routes.flatMap(\.operation.refusals)
        for refusal in all where examples[refusal.code] == nil {
            examples.set(refusal.code, ["value": refusal.example])
        }
        return examples
    }

    /// All schemas that are referred to, by name.
    private var schemas: JSONObject {
        var found: [String: JSON] = [:]
        var open = common.error.named + routes.flatMap(\.operation.named)
        while let next = open.popLast() {
            guard found[next.name] == nil else { continue }
            let schema = next.schema()
            found[next.name] = schema.json
            open += schema.named
        }
        return found.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { $0.set($1.key, $1.value) }
    }
}
