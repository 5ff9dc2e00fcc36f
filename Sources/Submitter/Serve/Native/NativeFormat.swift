import NIOCore
import Shared

/// Writes the answers of `/api/v1`: OpenAI's objects with route and cost.
struct NativeFormat: ResponseFormat {
    func whole(_ end: RequestEnd) -> ByteBuffer {
        guard let meta = try? JSON(parsing: Array(end.meta.readableBytesView)) else { return end.result }
        return RouteMembers(meta).spliced(into: end.result)
    }

    func stream(_ start: StreamStart) -> EventStream {
        EventStream(start, idPrefix: ChatFormat.idPrefix, object: ChatFormat.chunkObject) { RouteMembers($0).members }
    }
}

/// The native API's members beside OpenAI's: `provider`, `account`, `cost`, `currency`, `attempts`.
///
/// `cached` is among them where a kept answer was looked for, `dropped_params` where the model did not take all.
struct RouteMembers {
    let members: [(String, JSON)]

    init(_ meta: JSON) {
        let route = ["provider", "account", "cost", "currency", "attempts"].map { ($0, meta[$0] ?? .null) }
        members = route + ["cached", AnswerMeta.droppedKey].compactMap { name in meta[name].map { (name, $0) } }
    }

    /// The members in front of the members of `completion`, whose bytes stay as they are.
    func spliced(into completion: ByteBuffer) -> ByteBuffer {
        guard completion.readableBytesView.first == UInt8(ascii: "{") else { return completion }
        var object = JSONObject()
        for (name, value) in members { object.set(name, value) }
        var out = ByteBuffer(bytes: object.encoded.dropLast())
        let rest = completion.readableBytesView.dropFirst()
        if rest.first(where: { $0 > 32 }) != UInt8(ascii: "}") { out.writeStaticString(",") }
        out.writeBytes(rest)
        return out
    }
}
