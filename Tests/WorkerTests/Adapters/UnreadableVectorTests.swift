import Shared
import Testing

@testable import Worker

/// Vectors that nobody computed are given to nobody, on every platform that has vectors.
@Suite struct UnreadableVectorTests {
    private static let wires = AnswerWire.all.filter { Adapters.adapter(for: $0.account)?.embeddings != nil }

    /// An answer with one vector for each of `vectors`, as JSON.
    private func body(_ wire: AnswerWire, _ vectors: [String]) -> [UInt8] {
        let text =
            switch (wire.account.provider, wire.account.mode) {
            case (.alibaba, "native"):
                #"{"output":{"embeddings":["#
                    + vectors.enumerated().map { #"{"text_index":\#($0),"embedding":\#($1)}"# }.joined(separator: ",")
                    + "]}}"
            case (.tencent, "native"):
                #"{"Response":{"Data":["#
                    + vectors.enumerated().map { #"{"Index":\#($0),"Embedding":\#($1)}"# }.joined(separator: ",")
                    + "]}}"
            default:
                #"{"data":["#
                    + vectors.enumerated().map { #"{"index":\#($0),"embedding":\#($1)}"# }.joined(separator: ",") + "]}"
            }
        return Array(text.utf8)
    }

    private func read(_ wire: AnswerWire, _ body: [UInt8], format: String) throws -> JSON {
        let embeddings = try #require(Adapters.adapter(for: wire.account)?.embeddings)
        let request = try EmbeddingsRequest(
            decoding: Array(#"{"model":"m","input":["a","b"],"encoding_format":"\#(format)"}"#.utf8))
        let end = try embeddings.read(body, request, ResponseContext(isStream: false, contentType: nil, model: "m"))
        return try JSON(parsing: end.body)
    }

    @Test(arguments: wires)
    func `vectors with a slip around them are read`(_ wire: AnswerWire) throws {
        let bytes = [0xEF, 0xBB, 0xBF] + body(wire, ["[0.5,1,]", "[.25,+2]"])
        let data = try read(wire, bytes, format: "float")["data"]
        #expect(data?[0]?["embedding"] == [0.5, 1])
        #expect(data?[1]?["embedding"] == [0.25, 2])
    }

    @Test(arguments: wires)
    func `what is no vector is named as such, in either format`(_ wire: AnswerWire) throws {
        let bad = [
            "[0.5,null]", "[NaN,0.5]", "[Infinity]", "[1e999]", #"["0.5"]"#, #""0.5""#, #""AAA""#, #""AADAfw==""#, "[]",
            "null", "{}", "[[0.5]]", "[true]", #""""#,
        ]
        for vector in bad {
            for format in ["float", "base64"] {
                let failure = #expect(throws: JobFailure.self) {
                    try read(wire, body(wire, ["[0.5]", vector]), format: format)
                }
                #expect(failure?.kind == .unreadableAnswer, "\(vector)")
            }
        }
        for count in [0, 1, 3] {
            let failure = #expect(throws: JobFailure.self) {
                try read(wire, body(wire, Array(repeating: "[0.5]", count: count)), format: "float")
            }
            #expect(failure?.kind == .unreadableAnswer)
        }
    }

    @Test(arguments: wires)
    func `vectors that are packed unasked are unpacked`(_ wire: AnswerWire) throws {
        let bytes = body(wire, [#""AAAAPwAAgD8=""#, #""zczMPQAAwMA""#])
        let numbers = try read(wire, bytes, format: "float")["data"]
        #expect(numbers?[0]?["embedding"]?.arrayValue?.compactMap(\.doubleValue) == [0.5, 1])
        #expect(numbers?[1]?["embedding"]?.arrayValue?.compactMap(\.doubleValue) == [0.1, -6])
        #expect(try read(wire, bytes, format: "base64")["data"]?[0]?["embedding"] == "AAAAPwAAgD8=")
    }
}
