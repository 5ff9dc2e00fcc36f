import Shared
import TestSupport
import Testing

@testable import Submitter

/// `/openapi.json` of a shim with all its routes.
@Suite(.timeLimit(.minutes(1)))
struct ShimDocumentTests {
    /// No path of these tests asks PostgreSQL.
    private func run(_ body: (ShimFixture, JSON) async throws -> Void) async throws {
        let postgres = try PostgresPool(url: Secret("postgresql://127.0.0.1:1/none"))
        try await ShimFixture.run(
            catalogAccess: CatalogAccess(postgres: postgres, box: nil), shownSettings: [],
            configure: { $0.batchRuns.mostBatches = 0 }
        ) { shim in
            try await body(shim, try await shim.get("/openapi.json").json)
        }
        await postgres.close()
    }

    private struct Operation {
        let path: String
        let method: String
        let json: JSON

        var name: String { "\(method) \(path)" }
    }

    private func operations(_ document: JSON) -> [Operation] {
        (document["paths"]?.objectValue?.members ?? []).flatMap { path in
            (path.value.objectValue?.members ?? []).map { method in
                Operation(path: path.key, method: method.key.uppercased(), json: method.value)
            }
        }
    }

    /// It may take more: the end of a path may also be that of an id with slashes.
    @Test func `a path takes the methods that the document has for it`() async throws {
        try await run { shim, document in
            for (path, operations) in Dictionary(grouping: operations(document), by: \.path) {
                let response = try await shim.send("OPTIONS", path.replacing("{id}", with: "0-ABCDEFGH"))
                let allowed = (response.headers["allow"] ?? "").split(separator: ", ").map(String.init)
                #expect(Set(operations.map(\.method)).isSubset(of: allowed), "\(path)")
            }
        }
    }

    @Test func `operations have ids of their own, and describe what stands for the braces of their path`() async throws
    {
        try await run { _, document in
            let operations = operations(document)
            #expect(operations.count > 50)
            #expect(Set(operations.compactMap { $0.json["operationId"]?.stringValue }).count == operations.count)
            for operation in operations {
                let parameters = operation.json["parameters"]?.arrayValue ?? []
                let isGiven = parameters.contains { $0["in"] == "path" && $0["name"] == "id" }
                #expect(isGiven == operation.path.contains("{id}"), "\(operation.name)")
                let names = parameters.map { "\($0["in"] ?? "") \($0["name"] ?? "")" }
                #expect(Set(names).count == names.count, "\(operation.name)")
                let statuses = operation.json["responses"]?.objectValue?.members.map(\.key) ?? []
                #expect(statuses.contains { $0.hasPrefix("2") } && statuses.contains("500"), "\(operation.name)")
            }
        }
    }

    @Test func `every reference leads somewhere`() async throws {
        try await run { _, document in
            let references = references(in: document)
            #expect(references.count > 100)
            for reference in Set(references) {
                let target = reference.split(separator: "/").dropFirst().reduce(document as JSON?) { $0?[String($1)] }
                #expect(target != nil, "\(reference)")
            }
        }
    }

    private func references(in json: JSON) -> [String] {
        switch json {
        case .array(let elements): elements.flatMap(references)
        case .object(let object):
            object.members.flatMap { member -> [String] in
                if member.key == "$ref", let reference = member.value.stringValue { return [reference] }
                return references(in: member.value)
            }
        default: []
        }
    }

    @Test func `examples are what their schemas say`() async throws {
        try await run { _, document in
            let check = SchemaCheck(components: document["components"]?["schemas"] ?? [:])
            for operation in operations(document) {
                let answers = operation.json["responses"]?.objectValue?.members.map(\.value) ?? []
                let bodies = [operation.json["requestBody"]].compactMap { $0 } + answers
                for content in bodies.flatMap({ $0["content"]?.objectValue?.members ?? [] }) {
                    for example in content.value["examples"]?.objectValue?.members ?? [] {
                        let value =
                            example.value["value"] ?? document["components"]?["examples"]?[example.key]?["value"]
                        let mistakes = check.mistakes(value ?? .null, content.value["schema"] ?? .null)
                        #expect(mistakes == [], "\(operation.name) \(example.key)")
                    }
                }
                for parameter in operation.json["parameters"]?.arrayValue ?? [] {
                    guard let example = parameter["example"] else { continue }
                    let mistakes = check.mistakes(example, parameter["schema"] ?? .null)
                    #expect(mistakes == [], "\(operation.name) \(parameter["name"] ?? "")")
                }
            }
        }
    }

    @Test func `a caller that has the document is told so`() async throws {
        try await run { shim, _ in
            let first = try await shim.get("/openapi.json")
            let tag = try #require(first.headers["etag"])
            let again = try await shim.get("/openapi.json", headers: ["if-none-match": tag])
            #expect(first.headers["content-type"] == "application/json")
            #expect(again.status == 304 && again.body.isEmpty)
            #expect(try await shim.get("/openapi.json", headers: ["if-none-match": "\"other\""]).status == 200)
        }
    }
}
