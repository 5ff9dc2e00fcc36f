import Crypto

/// Masks names and ids so that equal ones stay equal: with a salt that is thrown away, nobody can try which they were.
struct IdentityMask: Sendable {
    let salt: [UInt8]

    func digest(_ text: ArraySlice<UInt8>) -> [UInt8] { Array(SHA256.hash(data: salt + text)) }
}
