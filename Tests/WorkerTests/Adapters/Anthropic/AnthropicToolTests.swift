import Shared
import Testing

@testable import Worker

@Suite struct AnthropicToolTests {
    private let function = #""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#
    private let tool = #""tools":[{"name":"f","input_schema":{"type":"object"}}]"#

    @Test func `functions become tools`() throws {
        #expect(
            try AnthropicAsk.fields(
                #""tools":[{"type":"function","function":{"name":"f","description":"天气","strict":true,"#
                    + #""parameters":{"properties":{"a":{"type":"string"}}}}}]"#)
                == #"{"tools":[{"name":"f","description":"天气","input_schema":{"properties":{"a":{"type":"string"}},"#
                + #""type":"object"},"strict":true}]}"#)
        #expect(
            try AnthropicAsk.fields(#""functions":[{"name":"f","parameters":{"type":"object"}}]"#)
                == #"{\#(tool),"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}"#)
    }

    @Test(arguments: [
        (#""function_call":"auto""#, #"{"type":"auto","disable_parallel_tool_use":true}"#),
        (#""function_call":{"name":"f"}"#, #"{"type":"tool","name":"f","disable_parallel_tool_use":true}"#),
        (#""function_call":"none""#, #"{"type":"none"}"#),
        (#""parallel_tool_calls":true"#, #"{"type":"auto","disable_parallel_tool_use":true}"#),
    ])
    func `the old style, which has room for one call, asks for one`(_ fields: String, _ expected: String) throws {
        let function = #""functions":[{"name":"f","parameters":{"type":"object"}}]"#
        #expect(try AnthropicAsk.fields("\(function),\(fields)") == #"{\#(tool),"tool_choice":\#(expected)}"#)
    }

    @Test(arguments: [
        (#""tool_choice":"auto""#, #"{"type":"auto"}"#), (#""tool_choice":"required""#, #"{"type":"any"}"#),
        (#""tool_choice":"none""#, #"{"type":"none"}"#),
        (#""tool_choice":{"type":"function","function":{"name":"f"}}"#, #"{"type":"tool","name":"f"}"#),
        (#""parallel_tool_calls":false"#, #"{"type":"auto","disable_parallel_tool_use":true}"#),
        (
            #""tool_choice":"required","parallel_tool_calls":false"#,
            #"{"type":"any","disable_parallel_tool_use":true}"#
        ),
        (#""tool_choice":"none","parallel_tool_calls":false"#, #"{"type":"none"}"#),
    ])
    func `the choice among them has the platform's words`(_ choice: String, _ expected: String) throws {
        #expect(try AnthropicAsk.fields("\(function),\(choice)") == #"{\#(tool),"tool_choice":\#(expected)}"#)
    }

    @Test func `without tools there is no choice`() throws {
        #expect(try AnthropicAsk.fields(#""parallel_tool_calls":false"#) == "{}")
        #expect(try AnthropicAsk.fields("\(function),\"parallel_tool_calls\":true") == "{\(tool)}")
    }

    @Test func `results stand together in the next user message, before its text`() throws {
        #expect(
            try AnthropicAsk.body(
                ##"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","tool_calls":["##
                    + ##"{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":\"北京\"}"}},"##
                    + ##"{"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},"##
                    + ##"{"role":"user","content":"wait"},{"role":"tool","tool_call_id":"c1","content":"42"},"##
                    + ##"{"role":"tool","tool_call_id":"c2","content":[{"type":"image_url","image_url":{"url":"https://a/b"}}],"is_error":true},"##
                    + ##"{"role":"user","content":"and?"}]}"##
            ).hasSuffix(
                ##""messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"},"##
                    + ##"{"type":"tool_use","id":"c1","name":"f","input":{"x":"北京"}},"##
                    + ##"{"type":"tool_use","id":"c2","name":"g","input":{}}]},{"role":"user","content":["##
                    + ##"{"type":"tool_result","tool_use_id":"c1","content":"42"},"##
                    + ##"{"type":"tool_result","tool_use_id":"c2","content":[{"type":"image","source":{"type":"url","url":"https://a/b"}}],"is_error":true},"##
                    + ##"{"type":"text","text":"wait"},{"type":"text","text":"and?"}]}]}"##))
    }

    @Test func `legacy calls of one function are told apart`() throws {
        let call = ##"{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}}"##
        let result = #"{"role":"function","name":"f","content":"1"}"#
        let body = try AnthropicAsk.body(
            #"{"model":"m","messages":[{"role":"user","content":"a"},\#(call),\#(result),\#(call),\#(result)]}"#)

        for text in [
            #""type":"tool_use","id":"call_1_0","#, #""tool_use_id":"call_1_0","#,
            #""type":"tool_use","id":"call_3_0","#, #""tool_use_id":"call_3_0","#,
        ] { #expect(body.contains(text)) }
    }

    @Test func `ids of other platforms are put into this one's alphabet`() throws {
        let body = try AnthropicAsk.body(
            ##"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":["##
                + ##"{"id":"functions.f:0","type":"function","function":{"name":"f","arguments":"null"}}]},"##
                + ##"{"role":"tool","tool_call_id":"functions.f:0","content":""}]}"##)

        #expect(body.contains(#""content":[{"type":"tool_use","id":"functions_f_0","name":"f","input":{}}]"#))
        #expect(body.contains(#""content":[{"type":"tool_result","tool_use_id":"functions_f_0"}]"#))
    }

    @Test(arguments: ["{", "[1]", "text"])
    func `arguments that are no object are refused by name`(_ arguments: String) throws {
        let failure = try #require(throws: JobFailure.self) {
            try AnthropicAsk.body(
                ##"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":["##
                    + ##"{"id":"c","type":"function","function":{"name":"f","arguments":"\##(arguments)"}}]},"##
                    + ##"{"role":"tool","tool_call_id":"c","content":"1"}]}"##)
        }
        #expect(failure.kind == .invalidRequest)
        #expect(failure.param == "messages[1].tool_calls[0].function.arguments")
    }

    @Test func `signed thinking goes back unchanged, before the text`() throws {
        let blocks =
            #"[{"type":"thinking","thinking":"想","signature":"Eq="},{"type":"redacted_thinking","data":"b"}]"#
        let body = try AnthropicAsk.body(
            ##"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"ok","reasoning_content":"想","##
                + ##""thinking_blocks":\##(blocks),"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"##
                + ##"{"role":"tool","tool_call_id":"c","content":"1"}]}"##,
            model: "claude-opus-5-5")

        #expect(
            body.contains(
                #"{"role":"assistant","content":\#(blocks.dropLast()),{"type":"text","text":"ok"},{"type":"tool_use","#)
        )
    }
}
