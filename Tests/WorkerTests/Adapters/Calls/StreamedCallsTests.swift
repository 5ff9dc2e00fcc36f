import Shared
import Testing

@testable import Worker

@Suite struct StreamedCallsTests {
    private static let form = CallForm(ids: CallIDs("job-1"))

    /// As clients join them: id and name once and first, numbers dense and in order.
    private func joined(_ deltas: [CallDelta]) throws -> [String] {
        var calls: [(id: String, name: String, arguments: String)] = []
        for delta in deltas {
            if let opening = delta.opening {
                try #require(delta.number == calls.count)
                #expect(!opening.id.isEmpty)
                calls.append((opening.id, opening.name, delta.arguments))
            } else {
                try #require(calls.indices.contains(delta.number))
                calls[delta.number].arguments += delta.arguments
            }
        }
        #expect(Set(calls.map(\.id)).count == calls.count)
        return calls.map { "\($0.id) \($0.name) \($0.arguments)" }
    }

    private func expect(_ calls: [String], _ expected: [String]) {
        #expect(calls.count == expected.count, "\(calls)")
        for (call, wanted) in zip(calls, expected) {
            guard wanted.hasPrefix("* ") else { expectEqual(call, wanted); continue }
            #expect(call.hasPrefix("call_"))
            expectEqual(String(call.drop { $0 != " " }), String(wanted.dropFirst()))
        }
    }

    private func expectEqual(_ call: String, _ wanted: String) { #expect(call == wanted) }

    @Test(arguments: CallStream.all)
    func `every call comes out once and whole, however its server streams it`(_ stream: CallStream) throws {
        var form = Self.form
        form.functions = stream.functions
        var calls = StreamedCalls(form, choice: 0)
        var deltas: [CallDelta] = []
        for pieces in try stream.pieces { deltas += calls.take(pieces) }

        expect(try joined(deltas + calls.finish()), stream.calls)
    }

    @Test(arguments: CallStream.all)
    func `the function's name is declared, and nothing changes`(_ stream: CallStream) throws {
        var form = Self.form
        form.functions = stream.functions.union(stream.calls.map { String($0.split(separator: " ")[1]) })
        var calls = StreamedCalls(form, choice: 0)
        var deltas: [CallDelta] = []
        for pieces in try stream.pieces { deltas += calls.take(pieces) }

        expect(try joined(deltas + calls.finish()), stream.calls)
    }

    @Test func `a declared call goes out with its first delta, and its arguments as they come`() {
        var form = Self.form
        form.functions = ["f", "g"]
        var calls = StreamedCalls(form, choice: 0)

        let first = calls.take([CallPiece(index: 0, id: "c1", name: "f")])
        let second = calls.take([CallPiece(index: 0, arguments: "{\"a\"")])

        #expect(first == [CallDelta(number: 0, opening: .init(id: "c1", name: "f"), arguments: "")])
        #expect(second == [CallDelta(number: 0, arguments: "{\"a\"")])
    }

    @Test func `an id is waited for a few deltas and then made, so that arguments do stream`() {
        var calls = StreamedCalls(Self.form, choice: 0)
        var held = 0
        var deltas = calls.take([CallPiece(index: 0, name: "f", arguments: "{\"a\":\"")])
        while deltas.isEmpty, held < 100 {
            held += 1
            deltas = calls.take([CallPiece(index: 0, arguments: "x")])
        }

        #expect(held == StreamedCalls.patience)
        #expect(deltas.first?.opening?.id == Self.form.ids.call(0, choice: 0))
        #expect(calls.take([CallPiece(index: 0, id: "late", arguments: "y")]) == [CallDelta(number: 0, arguments: "y")])
    }

    @Test func `what stands beside a call goes on with it`() throws {
        let json =
            #"{"index":0,"id":"c","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"s":"x"}}}"#
        let object = try #require(try JSON(parsing: Array(json.utf8)).objectValue)
        var calls = StreamedCalls(Self.form, choice: 0)

        let delta = try #require(calls.take([CallPiece(openAI: object)]).first)

        #expect(delta.toolCall["extra_content"]?["google"]?["s"] == "x")
    }

    @Test func `tools of free text keep their form`() throws {
        let json = #"{"index":0,"id":"c","type":"custom","custom":{"name":"sql","input":"select"}}"#
        let object = try #require(try JSON(parsing: Array(json.utf8)).objectValue)
        var calls = StreamedCalls(Self.form, choice: 0)

        let delta = try #require(calls.take([CallPiece(openAI: object)]).first)

        #expect(delta.toolCall["type"] == "custom")
        #expect(delta.toolCall["custom"]?["input"] == "select")
        #expect(calls.finish().isEmpty)
    }

    @Test func `a hundred thousand calls take no longer than they should`() {
        var calls = StreamedCalls(Self.form, choice: 0)
        var count = 0
        for number in 0..<100_000 {
            count += calls.take([CallPiece(id: "c\(number)", name: "f", arguments: "{}")]).count
        }
        #expect(count == 100_000)
    }

    @Test func `made ids are those that every platform takes back`() {
        let ids = CallIDs("0-0123456789abcdef")
        let made = (0..<4).flatMap { choice in (0..<50).map { ids.call($0, choice: choice) } }

        #expect(Set(made).count == made.count)
        #expect(made.allSatisfy { $0.utf8.count <= 40 && $0.utf8.allSatisfy { $0 == 95 || isalnum($0) } })
        #expect(CallIDs("other").call(0, choice: 0) != made[0])
        #expect(CallIDs("0-0123456789abcdef").call(0, choice: 0) == made[0])
    }

    private func isalnum(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    @Test func `the deltas of one call in one chunk are one element, in both styles`() {
        let opening = CallDelta.Opening(id: "c0", name: "now")
        let calls = [
            CallDelta(number: 0, opening: opening, arguments: ""), CallDelta(number: 1, arguments: "{\"a\":"),
            CallDelta(number: 0, arguments: "{"), CallDelta(number: 1, arguments: "1}"),
            CallDelta(number: 0, arguments: "}", extras: ["x": 1]),
        ]
        #expect(
            JSON.object(CallDelta.members(calls, .tools)) == [
                "tool_calls": [
                    [
                        "index": 0, "id": "c0", "type": "function", "function": ["name": "now", "arguments": "{}"],
                        "x": 1,
                    ],
                    ["index": 1, "function": ["arguments": "{\"a\":1}"]],
                ]
            ])
        #expect(
            JSON.object(CallDelta.members(calls, .function)) == [
                "function_call": ["name": "now", "arguments": "{}"]
            ])
    }
}
