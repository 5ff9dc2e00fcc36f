import Crypto

/// Masks names and ids so that equal ones stay equal.
///
/// The salt is thrown away, so nobody can guess the originals.
struct IdentityMask: Sendable {
    let salt: [UInt8]

    func digest(_ text: ArraySlice<UInt8>) -> [UInt8] { Array(SHA256.hash(data: salt + text)) }
}
