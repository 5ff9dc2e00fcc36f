import Shared
import Testing

@testable import Submitter

struct JSONSchemaTests {
    private static let named = JSONSchema.named("Thing") { .object }

    @Test(
        arguments: [
            (JSONSchema.integer.orNull, #"{"type":["integer","null"]}"#),
            (.whole(1...5).orNull, #"{"type":["integer","null"],"minimum":1,"maximum":5}"#),
            // Null would be none of the words.
            (.oneOf(["a"]).orNull, #"{"anyOf":[{"type":"string","enum":["a"]},{"type":"null"}]}"#),
            (named.orNull, ##"{"anyOf":[{"$ref":"#/components/schemas/Thing"},{"type":"null"}]}"##),
            (named.described("it"), ##"{"$ref":"#/components/schemas/Thing","description":"it"}"##),
            (
                .list(of: .string, from: 1, upTo: 4),
                #"{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":4}"#
            ),
            (.map(of: .number), #"{"type":"object","additionalProperties":{"type":"number"}}"#),
            (
                .object([.must("a", .string), .may("b", .boolean)], isOpen: false),
                #"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"boolean"}},"required":["a"],"#
                    + #""additionalProperties":false}"#
            ),
        ] as [(JSONSchema, String)])
    func `a schema is written in the words of JSON Schema`(schema: JSONSchema, expected: String) {
        #expect(String(decoding: schema.json.encoded, as: UTF8.self) == expected)
    }

    @Test func `a schema remembers the named ones in it, however deep`() {
        let schema = JSONSchema.object([
            .must("a", .list(of: .anyOf([Self.named, .null]))), .may("b", .map(of: Self.named)),
        ])
        #expect(schema.orNull.described("it").named.map(\.name) == ["Thing", "Thing"])
    }
}
