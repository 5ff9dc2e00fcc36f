import Shared
import Testing

@testable import Worker

/// One way in which a server streams calls, and what they are.
struct CallStream: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The `tool_calls` of each delta.
    let deltas: [String]
    /// "id name arguments" of each call, with "*" for an id that is made here.
    let calls: [String]
    var functions: Set<String> = []

    init(_ name: String, _ deltas: [String], _ calls: [String], declared functions: Set<String> = []) {
        (testDescription, self.deltas, self.calls, self.functions) = (name, deltas, calls, functions)
    }

    var pieces: [[CallPiece]] {
        get throws {
            try deltas.map { delta in
                (try JSON(parsing: Array(delta.utf8)).arrayValue ?? []).compactMap(\.objectValue)
                    .map(CallPiece.init(openAI:))
            }
        }
    }

    static let all = [
        CallStream(
            "as OpenAI does",
            [
                #"[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]"#,
                #"[{"index":0,"function":{"arguments":"{\"a\""}}]"#, #"[{"index":0,"function":{"arguments":":1}"}}]"#,
                #"[{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":""}}]"#,
                #"[{"index":1,"function":{"arguments":"{}"}}]"#,
            ], [#"c1 f {"a":1}"#, "c2 g {}"]),
        CallStream(
            "an empty object, then the arguments",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":"{}"}}]"#,
                #"[{"index":0,"function":{"arguments":"{\"a\":1}"}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "all arguments twice under the call's number",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\":1}"}}]"#,
                #"[{"index":0,"function":{"arguments":"{\"a\":1}"}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "no index, each call in a delta of its own",
            [
                #"[{"id":"c1","function":{"name":"f","arguments":"{\"a\":1}"}}]"#,
                #"[{"id":"c2","function":{"name":"g","arguments":"{\"b\":2}"}}]"#,
            ], [#"c1 f {"a":1}"#, #"c2 g {"b":2}"#]),
        CallStream(
            "no index, calls in one delta and their arguments in the next",
            [
                #"[{"id":"c1","function":{"name":"f"}},{"id":"c2","function":{"name":"g"}}]"#,
                #"[{"function":{"arguments":"{\"a\":1}"}},{"function":{"arguments":"{\"b\":2}"}}]"#,
            ], [#"c1 f {"a":1}"#, #"c2 g {"b":2}"#]),
        CallStream(
            "no index and no id, one function called twice",
            [
                #"[{"function":{"name":"f","arguments":"{\"a\":1}"}}]"#,
                #"[{"function":{"name":"f","arguments":"{\"a\":2}"}}]"#,
            ], [#"* f {"a":1}"#, #"* f {"a":2}"#]),
        CallStream(
            "index 0 for all",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\""}}]"#,
                #"[{"index":0,"function":{"arguments":":1}"}}]"#,
                #"[{"index":0,"id":"c2","function":{"name":"f","arguments":"{\"a\""}}]"#,
                #"[{"index":0,"function":{"arguments":":2}"}}]"#,
            ], [#"c1 f {"a":1}"#, #"c2 f {"a":2}"#]),
        CallStream(
            "index 0 for all and no ids",
            [
                #"[{"index":0,"function":{"name":"f","arguments":"{}"}}]"#,
                #"[{"index":0,"function":{"name":"g","arguments":"{\"b\":2}"}}]"#,
            ], ["* f {}", #"* g {"b":2}"#]),
        CallStream(
            "index 0 for all, an id alone opens the next",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":"{}"}}]"#, #"[{"index":0,"id":"c2"}]"#,
                #"[{"index":0,"function":{"name":"g"}}]"#, #"[{"index":0,"function":{"arguments":"{\"b\":2}"}}]"#,
            ], ["c1 f {}", #"c2 g {"b":2}"#]),
        CallStream(
            "index counting up while one call goes on, its id repeated",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":""}}]"#,
                #"[{"index":1,"id":"c1","function":{"arguments":"{\"a\""}}]"#,
                #"[{"index":2,"id":"c1","function":{"arguments":":1}"}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "index counting up while one call goes on, without an id",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":""}}]"#,
                #"[{"index":1,"function":{"arguments":"{\"a\""}}]"#,
                #"[{"index":2,"function":{"arguments":":1}"}}]"#,
                #"[{"index":3,"id":"c2","function":{"name":"g","arguments":"{}"}}]"#,
            ], [#"c1 f {"a":1}"#, "c2 g {}"]),
        CallStream(
            "index counting up, the name repeated and no id",
            [
                #"[{"index":0,"function":{"name":"f","arguments":"{\"a\""}}]"#,
                #"[{"index":1,"function":{"name":"f","arguments":":1}"}}]"#,
            ], [#"* f {"a":1}"#]),
        CallStream(
            "index counting up, the name repeated and the id told once",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":""}}]"#,
                #"[{"index":1,"function":{"name":"f","arguments":"{\"a\""}}]"#,
                #"[{"index":2,"function":{"name":"f","arguments":":1}"}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "an id that comes after the name",
            [
                #"[{"index":0,"function":{"name":"f","arguments":""}}]"#,
                #"[{"index":0,"id":"c1","function":{"arguments":"{\"a\""}}]"#,
                #"[{"index":0,"function":{"arguments":":1}"}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "an id that comes after the arguments have begun, without an index",
            [
                #"[{"function":{"name":"f","arguments":"{\"a\""}}]"#,
                #"[{"id":"c1","function":{"arguments":":1}"}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "an id that comes after the name, under the next number",
            [
                #"[{"index":0,"function":{"name":"f","arguments":""}}]"#,
                #"[{"index":1,"id":"c1","function":{"arguments":"{\"a\""}}]"#,
                #"[{"index":2,"function":{"arguments":":1}"}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "a name in pieces",
            [
                #"[{"index":0,"id":"c1","function":{"name":"get_","arguments":""}}]"#,
                #"[{"index":0,"function":{"name":"weather"}}]"#, #"[{"index":0,"function":{"arguments":"{}"}}]"#,
            ], ["c1 get_weather {}"]),
        CallStream(
            "a name in pieces without index, as it is declared",
            [
                #"[{"function":{"name":"get_"}}]"#, #"[{"function":{"name":"weather"}}]"#,
                #"[{"function":{"arguments":"{}"}}]"#,
            ], ["* get_weather {}"], declared: ["get_weather", "now"]),
        CallStream(
            "a name in pieces under counting numbers, as it is declared",
            [
                #"[{"index":0,"id":"c1","function":{"name":"get_"}}]"#,
                #"[{"index":1,"function":{"name":"weather","arguments":"{}"}}]"#,
            ], ["c1 get_weather {}"], declared: ["get_weather", "now"]),
        CallStream(
            "a name in pieces, each with all so far",
            [
                #"[{"index":0,"id":"c1","function":{"name":"get_"}}]"#,
                #"[{"index":0,"id":"c1","function":{"name":"get_weather","arguments":"{}"}}]"#,
            ], ["c1 get_weather {}"]),
        CallStream(
            "declared functions without parameters, one after the other under one index",
            [
                #"[{"index":0,"function":{"name":"now","arguments":""}}]"#,
                #"[{"index":0,"function":{"name":"today","arguments":""}}]"#,
            ], ["* now {}", "* today {}"], declared: ["now", "today"]),
        CallStream(
            "id, type and name on every delta",
            [
                #"[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\""}}]"#,
                #"[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":":1}"}}]"#,
                #"[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "empty ids, empty names and nulls after the first delta",
            [
                #"[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":null}}]"#,
                #"[{"index":0,"id":"","type":"","function":{"name":"","arguments":"{\"a\""}}]"#,
                #"[{"index":0,"id":null,"type":null,"function":{"name":null,"arguments":":1}"}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "parallel calls, ids first, arguments interleaved",
            [
                #"[{"index":0,"id":"c1"}]"#, #"[{"index":1,"id":"c2"}]"#, #"[{"index":0,"function":{"name":"f"}}]"#,
                #"[{"index":1,"function":{"name":"g","arguments":"{\"b\""}}]"#,
                #"[{"index":0,"function":{"arguments":"{\"a\":1}"}}]"#,
                #"[{"index":1,"function":{"arguments":":2}"}}]"#,
            ], [#"c1 f {"a":1}"#, #"c2 g {"b":2}"#]),
        CallStream(
            "parallel calls without ids, interleaved by index",
            [
                #"[{"index":0,"function":{"name":"f","arguments":"{\"a\""}}]"#,
                #"[{"index":1,"function":{"name":"f","arguments":"{\"b\""}}]"#,
                #"[{"index":0,"function":{"arguments":":1}"}}]"#, #"[{"index":1,"function":{"arguments":":2}"}}]"#,
            ], [#"* f {"a":1}"#, #"* f {"b":2}"#]),
        CallStream(
            "parallel calls of one function, interleaved by index, their ids late",
            [
                #"[{"index":0,"function":{"name":"f","arguments":""}}]"#,
                #"[{"index":0,"id":"c1","function":{"arguments":"{\"a\""}}]"#,
                #"[{"index":1,"function":{"name":"f","arguments":""}}]"#,
                #"[{"index":1,"id":"c2","function":{"arguments":"{\"b\":2}"}}]"#,
                #"[{"index":0,"function":{"arguments":":1}"}}]"#,
            ], [#"c1 f {"a":1}"#, #"c2 f {"b":2}"#]),
        CallStream(
            "one function twice without index, its ids late",
            [
                #"[{"function":{"name":"f","arguments":""}}]"#,
                #"[{"id":"c1","function":{"arguments":"{\"a\":1}"}}]"#,
                #"[{"function":{"name":"f","arguments":""}}]"#,
                #"[{"id":"c2","function":{"arguments":"{\"a\""}}]"#, #"[{"function":{"arguments":":2}"}}]"#,
            ], [#"c1 f {"a":1}"#, #"c2 f {"a":2}"#]),
        CallStream(
            "arguments before the name",
            [
                #"[{"index":0,"id":"c1","function":{"arguments":"{\"a\""}}]"#,
                #"[{"index":0,"function":{"arguments":":1}"}}]"#, #"[{"index":0,"function":{"name":"f"}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "a new id with every delta",
            [
                #"[{"index":0,"id":"r1","function":{"name":"f","arguments":""}}]"#,
                #"[{"index":0,"id":"r2","function":{"arguments":"{\"a\""}}]"#,
                #"[{"index":0,"id":"r3","function":{"arguments":":1}"}}]"#,
            ], [#"r1 f {"a":1}"#]),
        CallStream(
            "the name as id, twice",
            [
                #"[{"id":"f","function":{"name":"f","arguments":"{\"a\":1}"}}]"#,
                #"[{"id":"f","function":{"name":"f","arguments":"{\"a\":2}"}}]"#,
            ], [#"f f {"a":1}"#, #"* f {"a":2}"#]),
        CallStream(
            "the whole call told again at the end",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\""}}]"#,
                #"[{"index":0,"function":{"arguments":":1}"}}]"#,
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\":1}"}}]"#,
            ], [#"c1 f {"a":1}"#]),
        CallStream(
            "arguments as an object, and none at all",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":{"a":1}}}]"#,
                #"[{"index":1,"id":"c2","function":{"name":"g","arguments":{}}},{"index":2,"id":"c3","function":{"name":"h"}}]"#,
            ], [#"c1 f {"a":1}"#, "c2 g {}", "c3 h {}"]),
        CallStream(
            "broken arguments stay as they are",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\":1}"}}]"#,
                #"[{"index":0,"function":{"arguments":"}"}}]"#,
                #"[{"function":{"arguments":"}"}}]"#,
            ], [#"c1 f {"a":1}}}"#]),
        CallStream(
            "a call without a name is still a call",
            [
                #"[{"index":0,"id":"c1","function":{"name":"f","arguments":"{}"}}]"#,
                #"[{"index":1,"id":"c2","function":{"arguments":"{\"b\":2}"}}]"#,
            ], ["c1 f {}", #"c2  {"b":2}"#]),
        CallStream("nothing", ["[{}]", #"[{"index":0,"id":"","function":{}}]"#], []),
    ]
}
