/// Tells whether the JSON of a call's arguments is complete, piece by piece, without keeping it.
///
/// Only objects and arrays can be known to be complete. Anything else may always go on.
struct ArgumentScan: Sendable, Equatable {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// Something other than white space has come.
    private(set) var hasBegun = false
    private(set) var isComplete = false

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
    }

    private mutating func add(_ byte: UInt8) {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return
        }
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D: return
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            isComplete = isComplete || depth == 0
        default: break
        }
        hasBegun = true
    }
}
