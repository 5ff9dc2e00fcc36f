import Crypto

/// SHA-256 of bytes that come piece by piece.
package struct RunningSHA256 {
    private var hash = SHA256()

    package init() {}

    package mutating func update(_ bytes: [UInt8]) { hash.update(data: bytes) }

    /// Of all bytes so far, in lower-case hexadecimal digits.
    package var hex: String { hash.finalize().hex }
}
