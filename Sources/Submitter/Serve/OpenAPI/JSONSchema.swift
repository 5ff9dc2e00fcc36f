import Shared

/// A JSON Schema of the API document, in the dialect of OpenAPI 3.1 (JSON Schema 2020-12).
///
/// It remembers the named schemas within it, so that the document has every one that is referred to, and no other.
struct JSONSchema: Sendable {
    private(set) var keywords: JSONObject
    private(set) var named: [Named] = []

    /// A schema that stands once in the document, under a name.
    struct Named: Sendable {
        let name: String
        /// Made when it is needed, since schemas may refer to each other in circles.
        let schema: @Sendable () -> JSONSchema

        var reference: JSON { ["$ref": .string("#/components/schemas/\(name)")] }
    }

    private init(_ keywords: JSONObject) { self.keywords = keywords }

    var json: JSON { .object(keywords) }

    // MARK: - Values

    static var any: JSONSchema { JSONSchema([:]) }
    static var string: JSONSchema { of(type: "string") }
    static var integer: JSONSchema { of(type: "integer") }
    static var number: JSONSchema { of(type: "number") }
    static var boolean: JSONSchema { of(type: "boolean") }
    static var null: JSONSchema { of(type: "null") }
    /// Milliseconds since 1970.
    static var moment: JSONSchema { integer.described("Milliseconds since 1970.") }
    /// Seconds since 1970.
    static var second: JSONSchema { integer.described("Seconds since 1970.") }
    /// An object of any members.
    static var object: JSONSchema { of(type: "object") }

    /// Lengths in characters.
    static func text(from least: Int = 0, upTo most: Int? = nil) -> JSONSchema {
        let text = least > 0 ? string.adding("minLength", .int(least)) : string
        return most.map { text.adding("maxLength", .int($0)) } ?? text
    }

    /// `pattern` is a regular expression of ECMA-262.
    static func text(matching pattern: String) -> JSONSchema { string.adding("pattern", .string(pattern)) }

    static func whole(_ range: ClosedRange<Int>) -> JSONSchema {
        integer.adding("minimum", .int(range.lowerBound)).adding("maximum", .int(range.upperBound))
    }

    static func number(from least: JSON) -> JSONSchema { number.adding("minimum", least) }

    /// One of a few words.
    static func oneOf(_ words: [String]) -> JSONSchema {
        string.adding("enum", .array(words.map { .string($0) }))
    }

    /// One of the words of an enumeration of the code.
    static func words<Words: CaseIterable & RawRepresentable<String>>(_: Words.Type) -> JSONSchema {
        oneOf(Words.allCases.map(\.rawValue))
    }

    static func only(_ word: String) -> JSONSchema { string.adding("const", .string(word)) }

    // MARK: - Several values

    static func list(of element: JSONSchema, from least: Int = 0, upTo most: Int? = nil) -> JSONSchema {
        var list = of(type: "array").adding("items", element)
        if least > 0 { list = list.adding("minItems", .int(least)) }
        return most.map { list.adding("maxItems", .int($0)) } ?? list
    }

    /// An object whose members have names of their own.
    static func map(of value: JSONSchema) -> JSONSchema { object.adding("additionalProperties", value) }

    static func anyOf(_ choices: [JSONSchema]) -> JSONSchema {
        var schema = JSONSchema(["anyOf": .array(choices.map(\.json))])
        schema.named = choices.flatMap(\.named)
        return schema
    }

    /// Stands for a schema that the document has once.
    static func named(_ name: String, _ schema: @escaping @Sendable () -> JSONSchema) -> JSONSchema {
        let named = Named(name: name, schema: schema)
        var reference = JSONSchema(named.reference.objectValue ?? [:])
        reference.named = [named]
        return reference
    }

    // MARK: - Objects

    struct Member: Sendable {
        let name: String
        let schema: JSONSchema
        let isRequired: Bool

        /// A member that is always there.
        static func must(_ name: String, _ schema: JSONSchema, _ text: String? = nil) -> Member {
            Member(name: name, schema: text.map(schema.described) ?? schema, isRequired: true)
        }

        static func may(_ name: String, _ schema: JSONSchema, _ text: String? = nil) -> Member {
            Member(name: name, schema: text.map(schema.described) ?? schema, isRequired: false)
        }
    }

    /// `isOpen`: members of other names are let through.
    static func object(_ members: [Member], isOpen: Bool = true) -> JSONSchema {
        var properties = JSONObject()
        for member in members { properties.set(member.name, member.schema.json) }
        var schema = object.adding("properties", .object(properties))
        schema.named = members.flatMap(\.schema.named)
        let required = members.filter(\.isRequired).map { JSON.string($0.name) }
        if !required.isEmpty { schema = schema.adding("required", .array(required)) }
        return isOpen ? schema : schema.adding("additionalProperties", false)
    }

    /// The answer of a listing.
    static func page(of row: JSONSchema, _ members: [Member] = []) -> JSONSchema {
        object([.must("object", .only("list")), .must("data", .list(of: row))] + members)
    }

    // MARK: - The same schema, with more to it

    func described(_ text: String) -> JSONSchema { adding("description", .string(text)) }
    func defaulting(to value: JSON) -> JSONSchema { adding("default", value) }

    /// The value may also be null.
    var orNull: JSONSchema {
        guard let type = keywords["type"], keywords["enum"] == nil, keywords["const"] == nil else {
            return .anyOf([self, .null])
        }
        var schema = self
        schema.keywords.set("type", [type, "null"])
        return schema
    }

    func adding(_ keyword: String, _ value: JSON) -> JSONSchema {
        var schema = self
        schema.keywords.set(keyword, value)
        return schema
    }

    func adding(_ keyword: String, _ inner: JSONSchema) -> JSONSchema {
        var schema = adding(keyword, inner.json)
        schema.named += inner.named
        return schema
    }

    private static func of(type: String) -> JSONSchema { JSONSchema(["type": .string(type)]) }
}
