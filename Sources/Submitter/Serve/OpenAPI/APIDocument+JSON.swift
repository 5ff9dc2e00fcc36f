import Shared

/// The parts of an entry as the document has them.
extension APIOperation {
    /// All named schemas in it.
    var named: [JSONSchema.Named] {
        let contents = (body?.contents ?? []) + answers.flatMap(\.contents)
        let headers = answers.flatMap(\.headers).flatMap(\.schema.named)
        return parameters.flatMap(\.schema.named) + contents.flatMap(\.schema.named) + headers
    }
}

extension APIParameter {
    var json: JSON {
        var json: JSONObject = [
            "name": .string(name), "in": .string(place.rawValue), "required": .bool(place == .path),
            "description": .string(text), "schema": schema.json,
        ]
        if let example { json.set("example", example) }
        return .object(json)
    }
}

extension APIAnswer {
    var json: JSON {
        var json: JSONObject = ["description": .string(text), "headers": ([.requestID] + headers).json]
        if !contents.isEmpty { json.set("content", contents.json) }
        return .object(json)
    }
}

extension [APIContent] {
    var json: JSON { .object(reduce(into: JSONObject()) { $0.set($1.type, $1.json) }) }
}

extension APIContent {
    fileprivate var json: JSON {
        var json: JSONObject = ["schema": schema.json]
        if !examples.isEmpty {
            var named = JSONObject()
            for (text, value) in examples {
                named.set(Self.name(text), ["summary": .string(text), "value": value])
            }
            json.set("examples", .object(named))
        }
        return .object(json)
    }

    /// A name of letters, digits and underscores for an example.
    private static func name(_ text: String) -> String {
        text.split { !$0.isLetter && !$0.isNumber }.joined(separator: "_").lowercased()
    }
}

extension [APIHeader] {
    var json: JSON {
        .object(
            reduce(into: JSONObject()) { headers, header in
                headers.set(header.name, ["description": .string(header.text), "schema": header.schema.json])
            })
    }
}
