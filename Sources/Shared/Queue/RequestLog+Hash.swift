import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Hash of a tracked request's body, in its log: it tells a repeat from another request under the same key.
package enum RequestHash {
    /// SHA-256 in lower-case hex.
    package static func hex(_ body: [UInt8]) -> String {
        SHA256.hash(data: Data(body)).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }
}
