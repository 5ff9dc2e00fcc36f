import Shared
import Testing

@testable import Worker

@Suite struct AnthropicThinkingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var model: String
        var fields: String
        var expected: String

        init(_ model: String, _ fields: String, _ expected: String) {
            self.model = "claude-\(model)"
            self.fields = fields
            self.expected = expected
        }

        var testDescription: String { "\(model) \(fields)" }
    }

    @Test(arguments: [
        // Budgets.
        Row("haiku-4-5", #""reasoning_effort":"none""#, #"{"max_tokens":4096,"thinking":{"type":"disabled"}}"#),
        Row(
            "haiku-4-5", #""reasoning_effort":"high""#,
            #"{"max_tokens":20480,"thinking":{"type":"enabled","budget_tokens":16384}}"#),
        Row(
            "haiku-4-5", #""reasoning_effort":"high","max_tokens":3000"#,
            #"{"max_tokens":3000,"thinking":{"type":"enabled","budget_tokens":1500}}"#),
        Row(
            "haiku-4-5", #""thinking":{"type":"enabled","budget_tokens":5000},"max_tokens":3000"#,
            #"{"max_tokens":3000,"thinking":{"type":"enabled","budget_tokens":2999}}"#),
        Row(
            "3-7-sonnet-20250219", #""enable_thinking":true,"thinking_budget":100"#,
            #"{"max_tokens":5120,"thinking":{"type":"enabled","budget_tokens":1024}}"#),
        Row("3-5-haiku-20241022", #""reasoning_effort":"none""#, #"{"max_tokens":4096}"#),
        // Both, on 4.6.
        Row(
            "opus-4-6", #""thinking":{"type":"enabled","budget_tokens":2000}"#,
            #"{"max_tokens":6096,"thinking":{"type":"enabled","budget_tokens":2000}}"#),
        Row(
            "opus-4-6", #""reasoning_effort":"xhigh","max_tokens":100"#,
            #"{"max_tokens":100,"thinking":{"type":"adaptive"},"output_config":{"effort":"max"}}"#),
        // Adaptive.
        Row(
            "opus-4-8", #""reasoning_effort":"xhigh","max_tokens":100"#,
            #"{"max_tokens":100,"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"xhigh"}}"#
        ),
        Row(
            "haiku-5-5", #""thinking":{"type":"adaptive","display":"omitted"},"max_tokens":100"#,
            #"{"max_tokens":100,"thinking":{"type":"adaptive","display":"omitted"}}"#),
        Row(
            "haiku-5-5", #""thinking":{"type":"enabled","budget_tokens":3000},"max_tokens":100"#,
            #"{"max_tokens":100,"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"medium"}}"#
        ),
        Row(
            "haiku-5-5", #""reasoning_effort":"none","max_tokens":9"#,
            #"{"max_tokens":9,"thinking":{"type":"disabled"}}"#),
        Row("opus-4-8", #""n":1"#, #"{"max_tokens":4096}"#),
        // Always.
        Row("opus-5-5", #""n":1"#, #"{"max_tokens":20480}"#),
        Row(
            "sonnet-5-5", #""reasoning_effort":"minimal","max_tokens":100"#,
            #"{"max_tokens":100,"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"low"}}"#
        ),
    ])
    func `the wish has the words of its model`(_ row: Row) throws {
        #expect(try AnthropicAsk.fields(row.fields, model: row.model, keepsLimit: true) == row.expected)
    }

    @Test func `a budget stays below the model's own limit`() throws {
        let fields = try AnthropicAsk.fields(
            #""reasoning_effort":"high""#, maxOutputTokens: 8192, keepsLimit: true)
        #expect(fields == #"{"max_tokens":8192,"thinking":{"type":"enabled","budget_tokens":4096}}"#)
    }

    @Test func `a model that thinks by itself does not where a call is forced`() throws {
        let tools = #""tool_choice":"required","tools":[{"type":"function","function":{"name":"f"}}]"#
        #expect(
            try AnthropicAsk.fields(tools, model: "claude-haiku-5-5").contains(
                #""tool_choice":{"type":"any"},"thinking":{"type":"disabled"}"#))
        #expect(try !AnthropicAsk.fields(tools, model: "claude-opus-4-8").contains("thinking"))
    }

    @Test(arguments: [
        ("opus-5-5", #""reasoning_effort":"none""#, "reasoning_effort"),
        ("fable-5-1", #""thinking":{"type":"disabled"}"#, "thinking"),
        ("opus-6", #""enable_thinking":false"#, "enable_thinking"),
        ("3-5-sonnet-20241022", #""reasoning_effort":"low""#, "reasoning_effort"),
        ("haiku-4-5", #""reasoning_effort":"low","max_tokens":1024"#, "max_tokens"),
    ])
    func `what a model cannot do about thinking is refused`(
        _ model: String, _ fields: String, _ field: String
    ) throws {
        let failure = try AnthropicAsk.refused(fields, model: "claude-\(model)")
        #expect(failure.kind == .unsupportedParameter)
        #expect(failure.param == field)
        #expect(failure.message.hasPrefix("Anthropic does not support '\(field)'"))
    }

    @Test(arguments: [("opus-5-5", #""n":1"#), ("opus-4-8", #""reasoning_effort":"low""#)])
    func `nobody forces a call on a model that thinks`(_ model: String, _ fields: String) throws {
        for choice in [#""required""#, #"{"type":"function","function":{"name":"f"}}"#] {
            let failure = try AnthropicAsk.refused(
                #"\#(fields),"tool_choice":\#(choice),"tools":[{"type":"function","function":{"name":"f"}}]"#,
                model: "claude-\(model)")
            #expect(failure.param == "tool_choice")
        }
    }

    @Test(arguments: [
        ("claude-3-5-sonnet-20241022", "sonnet", 305), ("claude-3-opus-latest", "opus", 300),
        ("claude-sonnet-4-20250514", "sonnet", 400), ("claude-opus-4-8", "opus", 408),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "haiku", 405), ("anthropic/claude-opus-5.5", "opus", 505),
        ("claude-sonnet-4-5@20250929", "sonnet", 405), ("claude-opus-5", "opus", 500),
        ("claude-mythos-preview", "mythos", Int.max), ("claude-3-7-sonnet-latest", "sonnet", 307),
        ("my-proxy-4-1", "", Int.max),
    ])
    func `family and version are read wherever they stand`(_ id: String, _ family: String, _ version: Int) {
        #expect(ClaudeModel(id).family == family)
        #expect(ClaudeModel(id).version == version)
    }
}
