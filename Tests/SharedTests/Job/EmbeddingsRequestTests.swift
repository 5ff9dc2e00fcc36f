import Shared
import Testing

@Suite struct EmbeddingsRequestTests {
    private func request(_ members: String) throws(RequestError) -> EmbeddingsRequest {
        try EmbeddingsRequest(decoding: Array(#"{"model":"m"\#(members)}"#.utf8))
    }

    @Test(
        arguments: [
            (#","input":"a""#, 1), (#","input":["a","b"]"#, 2), (#","input":[1,2,3]"#, 1),
            (#","input":[[1,2],[3]]"#, 2),
        ])
    func `texts and token numbers are taken, one or many`(_ members: String, _ count: Int) throws {
        #expect(try request(members).inputCount == count)
    }

    @Test func `token numbers are counted, not guessed`() throws {
        #expect(try request(#","input":[[1,2],[3]]"#).tokenCount == 3)
        #expect(try request(#","input":[1,2]"#).texts == nil)
    }

    @Test(
        arguments: [
            ("", "input"), (#","input":"""#, "input"), (#","input":[]"#, "input"), (#","input":["a",""]"#, "input[1]"),
            (#","input":["a",1]"#, "input[1]"), (#","input":{}"#, "input"), (#","input":[[]]"#, "input[0]"),
            (#","input":"a","encoding_format":"hex""#, "encoding_format"),
            (#","input":"a","dimensions":0"#, "dimensions"),
            (#","input":"a","dimensions":"x""#, "dimensions"), (#","input":"a","user":1"#, "user"),
        ])
    func `what cannot be right is refused by its field`(_ members: String, _ param: String) {
        let error = #expect(throws: RequestError.self) { try request(members) }
        #expect(error?.param == param)
    }

    @Test func `more texts than any platform takes are refused`() {
        let inputs = Array(repeating: #""a""#, count: 2049).joined(separator: ",")
        let error = #expect(throws: RequestError.self) { try request(#","input":[\#(inputs)]"#) }
        #expect(error?.param == "input")
    }
}
