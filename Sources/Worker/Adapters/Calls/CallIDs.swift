/// Makes ids for calls and answers that a platform left without one.
///
/// They derive from the request's id, so that no two turns of a conversation share one. Their length and letters are
/// those that every platform accepts in a history (OpenAI: 40 bytes at most, Anthropic: letters, digits, "-" and "_").
struct CallIDs: Sendable {
    private let requestID: String
    private let seed: UInt64

    init(_ requestID: String) {
        self.requestID = requestID
        // FNV-1a.
        seed = requestID.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    /// The id that the shim gives to the chunks of a stream.
    var completion: String { "chatcmpl-" + requestID }

    private static let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// Always the same id for the same call.
    func call(_ number: Int, choice: Int) -> String {
        var state = seed ^ UInt64(truncatingIfNeeded: choice) << 32 ^ UInt64(truncatingIfNeeded: number)
        var bytes = Array("call_".utf8)
        for _ in 0..<24 {
            // SplitMix64.
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            bytes.append(Self.letters[Int((mixed ^ (mixed >> 31)) % UInt64(Self.letters.count))])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
