/// The smallest value that fits a JSON schema well enough for a demonstration: required members only.
///
/// Understands `const`, `default`, `enum`, `type`, `properties`, `required`, `items` with `minItems`, and the first of
/// `anyOf` and `oneOf`. Anything else becomes a string. Depth is bounded, since schemas may nest as deep as JSON does.
import Shared

enum SchemaExample {
    static func value(for schema: JSON?, depth: Int = 0) -> JSON {
        guard let schema = schema?.objectValue, depth < 16 else { return "example" }
        for name in ["const", "default"] {
            if let value = schema[name] { return value }
        }
        if let first = schema["enum"]?[0] { return first }
        for name in ["anyOf", "oneOf"] {
            if let first = schema[name]?[0] { return value(for: first, depth: depth + 1) }
        }
        let type = schema["type"]?.stringValue ?? schema["type"]?[0]?.stringValue
        switch type {
        case "object": return object(schema, depth)
        case nil where schema["properties"] != nil: return object(schema, depth)
        case "array": return array(schema, depth)
        case "integer", "number": return schema["minimum"] ?? 1
        case "boolean": return true
        case "null": return .null
        default: return "example"
        }
    }

    private static func object(_ schema: JSONObject, _ depth: Int) -> JSON {
        var object = JSONObject()
        for name in (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue) {
            object.set(name, value(for: schema["properties"]?[name], depth: depth + 1))
        }
        return .object(object)
    }

    private static func array(_ schema: JSONObject, _ depth: Int) -> JSON {
        let count = min(max(schema["minItems"]?.intValue ?? 0, 0), 8)
        return .array((0..<count).map { _ in value(for: schema["items"], depth: depth + 1) })
    }
}
