import Shared
import Testing

@testable import Submitter

struct APIDocumentTests {
    private static let refused = APIRefusal(status: 404, code: "not_found", example: ["error": "e"])

    private static func operation(
        _ id: String, _ schema: JSONSchema = .string, refusals: [[APIRefusal]] = []
    ) -> APIOperation {
        APIOperation(id, .jobs, "A summary", answers: [.ok("Fine.", schema, example: "x")], refusals: refusals)
    }

    private static func json(_ routes: (String, String, APIOperation)...) -> JSON {
        let common = APIDocument.Common(
            error: .named("Error") { .object }, refusals: [APIRefusal(status: 500, code: "broken", example: "b")])
        return APIDocument(
            routes.map { APIDocument.Route(method: $0.0, path: $0.1, operation: $0.2) }, common, text: "About"
        ).json
    }

    @Test func `methods of a path stand together, and an id has braces`() {
        let json = Self.json(("GET", "/a/:id/b", Self.operation("one")), ("POST", "/a/:id/b", Self.operation("two")))
        let path = json["paths"]?["/a/{id}/b"]
        #expect(path?["get"]?["operationId"] == "one" && path?["post"]?["operationId"] == "two")
        #expect(json["paths"]?.objectValue?.count == 1)
    }

    @Test func `errors of one status share an answer, and each code has one example in the document`() {
        let late = APIRefusal(status: 404, code: "gone", example: "g", hasRetryAfter: true)
        let json = Self.json(
            ("GET", "/a", Self.operation("one", refusals: [[Self.refused, late], [Self.refused]])),
            ("GET", "/b", Self.operation("two", refusals: [[Self.refused]])))

        let answer = json["paths"]?["/a"]?["get"]?["responses"]?["404"]
        #expect(answer?["description"] == "`not_found`, `gone`")
        #expect(answer?["headers"]?["Retry-After"] != nil)
        let examples = answer?["content"]?["application/json"]?["examples"]
        #expect(examples?["gone"]?["$ref"] == "#/components/examples/gone")
        #expect(json["components"]?["examples"]?["not_found"]?["value"] == Self.refused.example)
        #expect(json["paths"]?["/b"]?["get"]?["responses"]?["500"]?["description"] == "`broken`")
    }

    @Test func `the document has the named schemas that are referred to, those within others too, and no more`() {
        let schemas = Self.json(("GET", "/a", Self.operation("one", .list(of: .outer))))["components"]?["schemas"]
        #expect(schemas?.objectValue?.members.map(\.key) == ["Error", "Inner", "Outer"])
        #expect(schemas?["Outer"]?["properties"]?["inner"]?["$ref"] == "#/components/schemas/Inner")
    }
}

extension JSONSchema {
    /// In a circle.
    fileprivate static var outer: JSONSchema { .named("Outer") { .object([.may("inner", .inner)]) } }
    fileprivate static var inner: JSONSchema { .named("Inner") { .object([.may("outer", .outer.orNull)]) } }
}
