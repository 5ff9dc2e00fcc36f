import Shared

/// A call and its response as a file: one JSON object, with one piece of the body a line.
///
///     {"version":1,"provider":…,"mode":…,"model":…,"stream":…,"choices":…,
///      "request":{"method":…,"path":…,"headers":[[name,value],…],"body":…},
///      "response":{"status":…,"milliseconds":…,"headers":…,"end":…,"body":[[milliseconds,piece],…]}}
///
/// A piece is a text, or `{"base64":…}` where its bytes are not UTF-8 by themselves. `end` is `complete`, `truncated`
/// (more came than is kept), `cancelled` (we had read enough) or the name of the error. `status` is null without a
/// head. A request body above the limit is cut without a mark.
struct RecordedExchange: Sendable {
    var call: RecordedCall
    var answer: Recording.Answer

    /// `salt`: see `IdentityMask`.
    func encoded(salt: [UInt8]) -> [UInt8] {
        let mask = BodyMask(salt: salt)
        let headers = HeaderMask(salt: salt)
        let request = call.request
        let asked: JSONObject = [
            "method": .string(request.method), "path": .string(headers.path(request.url, below: call.baseURL)),
            "headers": headers.json(request.headers.map { ($0.name.lowercased(), $0.value) }),
            "body": Self.json(mask.masked(request.body)[...]),
        ]
        let told: JSONObject = [
            "status": answer.head.map { .int($0.status) } ?? .null,
            "milliseconds": .number(JSONNumber(answer.headMilliseconds)),
            "headers": headers.json((answer.head?.headers ?? []).map { ($0.name, $0.value) }),
            "end": .string(end),
        ]
        let file: JSONObject = [
            "version": 1, "provider": .string(call.provider), "mode": .string(call.mode),
            "model": .string(call.model), "stream": .bool(call.isStream), "choices": .int(call.choices),
            "request": .object(asked),
        ]
        var bytes = Array(file.encoded.dropLast()) + Array(",\n\"response\":".utf8)
        bytes += told.encoded.dropLast()
        bytes += Array(",\"body\":[".utf8)
        bytes += pieces(of: mask.masked(answer.body)).map { JSON.array($0).encoded }.joined(separator: Array(",".utf8))
        return bytes + Array("\n]}}\n".utf8)
    }

    private var end: String {
        if answer.isTruncated { return "truncated" }
        return answer.error?.rawValue ?? "complete"
    }

    private func pieces(of body: [UInt8]) -> [[JSON]] {
        var start = 0
        return answer.pieces.map { piece in
            defer { start += piece.count }
            return [.number(JSONNumber(piece.milliseconds)), Self.json(body[start..<start + piece.count])]
        }
    }

    private static func json(_ bytes: ArraySlice<UInt8>) -> JSON {
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return ["base64": .string(Base64.encode(Array(bytes)))]
    }
}
