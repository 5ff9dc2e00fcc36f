/// The name under which an answer is kept, the same for equal requests.
///
/// SHA-256 over tenant, operation, model as asked for, platform asked for, and the body without what cannot change the
/// answer. The order of members does not count, and a null counts as absent. Everything else counts, byte for byte. The
/// routing strategy does not count: the caller says that any answer will do.
package enum CacheKey {
    /// Delivery, books and hints.
    private static let ignored: Set<String> = [
        "stream", "stream_options", "user", "metadata", "store", "service_tier", "safety_identifier",
        "prompt_cache_key", "prompt_cache_retention",
    ]

    package static func make(tenant: String, provider: Provider?, request: ModelRequest) -> String {
        var body: JSONObject
        switch request {
        case .chat(let chat): body = chat.body
        case .embeddings(let embeddings): body = embeddings.body
        }
        for member in body.members where ignored.contains(member.key) || member.value == .null {
            body.remove(member.key)
        }
        var identity: [JSON] = [
            "1", .string(tenant), .string(request.operation.rawValue), .string(request.model),
            .string(provider?.rawValue ?? ""), sorted(.object(body)),
        ]
        // The same body by then, but answered in other words.
        if case .chat(let chat) = request, chat.usesLegacyFunctions { identity.append("functions") }
        return JSON.array(identity).encoded.sha256Hex
    }

    private static func sorted(_ value: JSON) -> JSON {
        switch value {
        case .array(let elements): .array(elements.map(sorted))
        case .object(let object):
            .object(
                JSONObject(
                    unique: object.members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                        .map { JSONObject.Member(key: $0.key, value: sorted($0.value)) }))
        default: value
        }
    }
}
