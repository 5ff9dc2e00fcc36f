import Shared

/// Checks values against the schemas of the API document, as far as these use JSON Schema's words.
struct SchemaCheck {
    /// By name: `components.schemas` of the document.
    let components: JSON
    /// Members that no schema names are mistakes, too.
    var wantsAllDescribed = false

    private static let annotations: Set<String> = [
        "description", "default", "format", "contentMediaType", "contentSchema",
    ]

    /// `path: …` for each mistake.
    func mistakes(_ value: JSON, _ schema: JSON, at path: String = "$") -> [String] {
        let keywords = schema.objectValue?.members ?? []
        return keywords.flatMap { keyword in
            mistakes(value, keyword.key, keyword.value, at: path)
        } + undescribed(value, schema, at: path)
    }

    private func mistakes(_ value: JSON, _ keyword: String, _ rule: JSON, at path: String) -> [String] {
        switch keyword {
        case "$ref":
            let name = rule.stringValue?.split(separator: "/").last.map(String.init) ?? ""
            guard let schema = components[name] else { return ["\(path): there is no schema \(name)"] }
            return mistakes(value, schema, at: path)
        case "anyOf":
            let found = (rule.arrayValue ?? []).map { mistakes(value, $0, at: path) }
            return found.contains(where: \.isEmpty) ? [] : ["\(path): none of \(found)"]
        case "properties": return members(value, rule, at: path)
        case "items":
            return (value.arrayValue ?? []).enumerated().flatMap { mistakes($1, rule, at: "\(path)[\($0)]") }
        case "additionalProperties": return additional(value, rule, at: path)
        case "required":
            let missing = (rule.arrayValue ?? []).compactMap(\.stringValue).filter { value[$0] == nil }
            return value.objectValue == nil ? [] : missing.map { "\(path): \($0) is missing" }
        case _ where Self.annotations.contains(keyword): return []
        default: return isMet(value, keyword, rule) ? [] : ["\(path): not \(keyword) \(text(rule))"]
        }
    }

    private func isMet(_ value: JSON, _ keyword: String, _ rule: JSON) -> Bool {
        let (text, number, count) = (value.stringValue, value.doubleValue, value.arrayValue?.count)
        switch keyword {
        case "type": return (rule.arrayValue ?? [rule]).contains { isOf(type: $0.stringValue ?? "", value) }
        case "enum": return rule.arrayValue?.contains(value) == true
        case "const": return rule == value
        case "pattern": return text.map { matches($0, rule.stringValue ?? "") } ?? true
        case "minLength": return text.map { $0.unicodeScalars.count >= rule.intValue ?? .max } ?? true
        case "maxLength": return text.map { $0.unicodeScalars.count <= rule.intValue ?? 0 } ?? true
        case "minimum": return number.map { $0 >= rule.doubleValue ?? .infinity } ?? true
        case "maximum": return number.map { $0 <= rule.doubleValue ?? 0 } ?? true
        case "exclusiveMinimum": return number.map { $0 > rule.doubleValue ?? .infinity } ?? true
        case "minItems": return count.map { $0 >= rule.intValue ?? .max } ?? true
        case "maxItems": return count.map { $0 <= rule.intValue ?? 0 } ?? true
        // A word that is not known here may say anything.
        default: return false
        }
    }

    private func isOf(type: String, _ value: JSON) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("number", .number), ("array", .array),
            ("object", .object):
            true
        case ("integer", .number(let number)): number.intValue != nil
        default: false
        }
    }

    private func matches(_ text: String, _ pattern: String) -> Bool {
        guard let expression = try? Regex(pattern) else { return false }
        return text.contains(expression)
    }

    private func members(_ value: JSON, _ properties: JSON, at path: String) -> [String] {
        (properties.objectValue?.members ?? []).flatMap { property in
            value[property.key].map { mistakes($0, property.value, at: "\(path).\(property.key)") } ?? []
        }
    }

    /// Of a map.
    ///
    /// Where others are forbidden, `undescribed` finds them.
    private func additional(_ value: JSON, _ rule: JSON, at path: String) -> [String] {
        guard rule.objectValue != nil else { return [] }
        return (value.objectValue?.members ?? []).flatMap { mistakes($0.value, rule, at: "\(path).\($0.key)") }
    }

    private func undescribed(_ value: JSON, _ schema: JSON, at path: String) -> [String] {
        guard let properties = schema["properties"], wantsAllDescribed || schema["additionalProperties"] == false else {
            return []
        }
        return (value.objectValue?.members ?? []).filter { properties[$0.key] == nil }
            .map { "\(path): \($0.key) is not described" }
    }

    private func text(_ rule: JSON) -> String { String(decoding: rule.encoded, as: UTF8.self) }
}
