import Shared
import Testing

@testable import Submitter

/// A whole file is checked before anything of it is sent.
@Suite struct InputCheckTests {
    private let good = #"{"prompt":"hi","model":"chat"}"#

    @Test func `good lines are counted`() {
        let check = BatchFixtures.check([good, good, #"{"prompt":"hi"}"#], model: "chat")

        #expect(check.lines == 3 && check.mistakeCount == 0 && check.operation == .chat)
    }

    @Test func `all mistakes are told, each with its line and its field as it was written`() {
        let check = BatchFixtures.check([
            "{", good, #"{"prompt":"hi"}"#, #"{"prompt":"hi","model":"nobody"}"#,
            #"{"messages":[{"role":"user"}],"model":"chat"}"#,
            #"{"custom_id":"2","prompt":"hi","model":"chat"}"#,
            #"{"input":"hi","model":"vectors"}"#, #"{"prompt":"hi","model":"vectors"}"#,
            #"{"custom_id":"x","method":"POST","url":"/v1/chat/completions","body":{"messages":[]}}"#,
            #"{"custom_id":"y","params":{"messages":[{"role":"user","content":"hi"}]}}"#,
        ])

        #expect(check.mistakeCount == 9)
        let expected = [
            "line 1: expected JSON", "line 3: model: it is missing; --model is for lines that name none",
            "line 4: model: The model 'nobody' does not exist", "line 5: messages[0].content: it is missing",
            "line 6: custom_id: expected one that no line before has",
            "line 7: url: expected /v1/chat/completions, as all lines before have it",
            "line 8: model: The model makes embeddings and does not chat.",
            "line 9: body.model: it is missing; --model is for lines that name none",
            "line 10: params.model: it is missing; --model is for lines that name none",
        ]
        for (said, beginning) in zip(check.mistakes, expected) { #expect(said.hasPrefix(beginning)) }
    }

    @Test func `a type is told without the field's name twice`() {
        let check = BatchFixtures.check([#"{"messages":"zanzibar","model":"chat"}"#])

        #expect(check.mistakes == ["line 1: messages: expected an array"])
    }

    @Test func `a disabled model and one on another platform are refused`() {
        #expect(BatchFixtures.check([#"{"prompt":"hi","model":"off"}"#]).mistakes.first?.contains("disabled") == true)
        #expect(BatchFixtures.check([good], provider: .zhipu).mistakes.first?.contains("zhipu") == true)
    }

    @Test func `a capability that no model of the name has is refused at its field`() {
        let image = #"{"type":"image_url","image_url":{"url":"https://h/x.png"}}"#
        let check = BatchFixtures.check([#"{"messages":[{"role":"user","content":[\#(image)]}],"model":"blind"}"#])

        #expect(
            check.mistakes
                == ["line 1: messages[0].content[0]: the model does not support it: expected one with vision"])
    }

    @Test func `a line that is too long is a mistake`() {
        var check = InputCheck(form: LineForm(model: nil), options: BatchOptions(), catalog: BatchFixtures.catalog)
        check.check(LineReader.Line(number: 3, bytes: nil))

        #expect(check.mistakes == ["line 3: expected at most 16777216 bytes"])
    }

    @Test func `a hundred mistakes are shown, and all are counted`() {
        let check = BatchFixtures.check(Array(repeating: "{", count: 150))
        let mistakes = InputMistakes(shown: check.mistakes, count: check.mistakeCount, lines: check.lines)

        #expect(check.mistakes.count == 100 && check.mistakeCount == 150)
        #expect(mistakes.description.hasSuffix("… and 50 more\n150 mistakes in 150 lines: nothing was sent"))
    }

    @Test func `a budget for models with prices in several currencies is one mistake`() {
        let lines = [good, #"{"prompt":"hi","model":"yuan"}"#]

        let check = BatchFixtures.check(lines, maxCost: 5)

        #expect(check.mistakes == ["--max-cost: expected prices in one currency; the models have CNY, USD"])
        #expect(check.mistakeCount == 1 && check.currencies == ["CNY", "USD"])
        #expect(BatchFixtures.check(lines).mistakeCount == 0)
        #expect(BatchFixtures.check([good, good], maxCost: 5).mistakeCount == 0)
    }

    @Test func `a terminal is not told what it would obey`() {
        let mistakes = InputMistakes(shown: ["line 1: custom_id: \u{1B}[2J\nline 2"], count: 1, lines: 1)

        #expect(mistakes.description.hasPrefix("line 1: custom_id: \u{FFFD}[2J line 2\n"))
    }

    @Test func `a forecast has the least by the cheapest and the most by the dearest model`() throws {
        var forecast = CostForecast(catalog: BatchFixtures.catalog, provider: nil)
        let chat = try ChatRequest(
            validating: [
                "model": "chat", "messages": [["role": "user", "content": "12345678"]], "max_tokens": 10, "n": 2,
            ])

        forecast.add(.chat(chat))
        forecast.add(.chat(chat))

        let sum = try #require(forecast.sums["chat"])
        // 2 tokens of text and 4 of frame, twice.
        #expect(sum.lines == 2 && sum.promptTokens == 12 && sum.leastAnswer == 4 && sum.mostAnswer == 40)
        #expect(sum.leastCost == 20.0)
        #expect(sum.mostCost == 144.0)
    }

    @Test func `a forecast takes the model's bound, and knows no most without one`() throws {
        var forecast = CostForecast(catalog: BatchFixtures.catalog, provider: nil)
        for model in ["chat", "endless"] {
            let messages: JSON = [["role": "user", "content": "hi"]]
            forecast.add(.chat(try ChatRequest(validating: ["model": .string(model), "messages": messages])))
        }
        forecast.add(.embeddings(try EmbeddingsRequest(validating: ["model": "vectors", "input": ["12345678"]])))

        #expect(forecast.sums["chat"]?.mostAnswer == 200)
        #expect(forecast.sums["endless"]?.mostAnswer == nil && forecast.sums["endless"]?.mostCost == nil)
        #expect(forecast.sums["vectors"]?.promptTokens == 2 && forecast.sums["vectors"]?.mostAnswer == 0)
    }
}
