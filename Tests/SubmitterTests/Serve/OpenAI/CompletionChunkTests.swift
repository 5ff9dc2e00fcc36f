import Shared
import Testing

@testable import Submitter

struct CompletionChunkTests {
    @Test func `a completion becomes the one chunk that a stream would have shown`() throws {
        let completion =
            #"{"id":"i","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f"}}]},"finish_reason":"tool_calls"}],"usage":{}}"#
        let chunk = try #require(CompletionChunk.make(from: Array(completion.utf8)))

        #expect(
            String(decoding: chunk, as: UTF8.self)
                == #"{"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f"},"index":0}]},"finish_reason":"tool_calls"}]}"#
        )
        #expect(CompletionChunk.make(from: Array("nonsense".utf8)) == nil)
    }
}
