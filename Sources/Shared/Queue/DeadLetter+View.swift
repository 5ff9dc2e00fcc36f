/// A dead letter as people see it: no prompt, no answer.
extension DeadLetter {
    /// One row of a listing.
    package var view: JSON {
        [
            "id": .string(id.description), "died_at": .number(JSONNumber(id.diedAt)), "why": .string(why),
            "lane": .string(laneName), "request_id": text("id"), "tenant": text("t"),
            "bytes": .int(fields.reduce(0) { $0 + $1.value.count }), "retryable": .bool(obstacle == nil),
            "obstacle": obstacle.map { .string($0) } ?? .null,
        ]
    }

    /// The same with all fields: sizes, and values where they are known to be no text of a caller's.
    package var detail: JSON {
        guard var detail = view.objectValue else { return view }
        detail.set("fields", .array(fields.map(Self.part)))
        return .object(detail)
    }

    private var laneName: String {
        switch origin {
        case .lane(let lane): lane.rawValue
        case .outbox: "usage"
        case .unknown: "unknown"
        }
    }

    /// Fields of queue and outbox entries that name or count something.
    private static let plain: Set<String> = [
        "v", "id", "op", "t", "dl", "sh", "n", "pr", "rs", "wl", "tr", "ca", "rq", "re", "a", "f",
    ]

    private static func part(_ field: Field) -> JSON {
        // A foreign producer may name its fields as it likes: such a name is a text of its own.
        let isShort = isToken(Array(field.name.utf8))
        var part: JSONObject = ["name": .string(isShort ? field.name : "?"), "bytes": .int(field.value.count)]
        if plain.contains(field.name), isToken(field.value) {
            part.set("value", .string(String(decoding: field.value, as: UTF8.self)))
        }
        return .object(part)
    }

    private func text(_ name: String) -> JSON {
        guard let value = self[name], Self.isToken(value) else { return .null }
        return .string(String(decoding: value, as: UTF8.self))
    }

    /// Letters, digits and a few signs, no longer than an id.
    private static func isToken(_ bytes: [UInt8]) -> Bool {
        (1...80).contains(bytes.count)
            && bytes.allSatisfy { byte in
                byte.isASCIIAlphanumeric
                    || "-_.:".utf8.contains(byte)
            }
    }
}
