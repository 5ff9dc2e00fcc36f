import Shared

/// The members around the choices of a chunk.
///
/// Most chunks of an answer repeat those of the last one, so they are checked for failures and usage, and made into an
/// envelope, once.
struct ChunkFrame: Sendable {
    private var members: [JSONObject.Member]
    /// By member: its value differs from chunk to chunk and says nothing.
    private let isVarying: [Bool]
    /// The members that go out around the choices.
    let envelope: JSONObject

    /// Is repeated by no chunk.
    init() {
        members = []
        isVarying = []
        envelope = JSONObject()
    }

    init(_ chunk: JSONObject, envelope: JSONObject) {
        members = chunk.members
        isVarying = members.map { ["choices", "created", "obfuscation"].contains($0.key) }
        self.envelope = envelope
    }

    /// Is repeated by no chunk from now on, since another kind of chunk came between.
    mutating func forget() { members = [] }

    /// True when the chunk says nothing new around its choices, and no choice has a finish reason, an error or usage.
    func isRepeated(by chunk: JSONObject, _ choices: [JSON]) -> Bool {
        guard chunk.count == members.count, !choices.isEmpty else { return false }
        // Spans, since loops over the arrays would copy each member.
        let own = members.span
        let others = chunk.members.span
        for index in own.indices {
            guard own[index].key == others[index].key, isVarying[index] || own[index].value == others[index].value
            else { return false }
        }
        return choices.allSatisfy { choice in
            choice["error"] == nil && choice["usage"] == nil && choice["finish_reason"].map { $0 == .null } ?? true
        }
    }
}
