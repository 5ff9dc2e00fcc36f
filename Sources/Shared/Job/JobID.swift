import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Request ids: `<shard>-<26 characters of Crockford base32>`, unguessable.
package enum JobID {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// A new id: a ULID (48 bits of milliseconds, 80 random bits), so ids sort by the time they were made.
    package static func make(shard: Int = 0, now: Int64) -> String {
        var generator = SystemRandomNumberGenerator()
        let low = generator.next()
        let high = UInt64(bitPattern: now) << 16 | generator.next() & 0xFFFF
        return name(shard, high, low)
    }

    /// The id of a request with an `Idempotency-Key`: the same for every retry of the same tenant.
    package static func make(shard: Int = 0, tenant: String, idempotencyKey: String) -> String {
        let words = words(tenant, idempotencyKey)
        return name(shard, words[0], words[1])
    }

    /// The shard, of `count`, that such a request is in.
    ///
    /// Where shards are added later, most keys stay where they were.
    ///
    /// Jump consistent hash (Lamping and Veach, 2014): from n to n + 1 shards, one key in n + 1 moves.
    package static func shard(tenant: String, idempotencyKey: String, of count: Int) -> Int {
        guard count > 1 else { return 0 }
        var seed = words(tenant, idempotencyKey)[2]
        var (shard, next) = (0, 0)
        while next < count {
            shard = next
            seed = seed &* 2_862_933_555_777_941_757 &+ 1
            next = Int(Double(shard + 1) * (Double(1 << 31) / Double((seed >> 33) + 1)))
        }
        return shard
    }

    private static func words(_ tenant: String, _ key: String) -> [UInt64] {
        digest("\(tenant.utf8.count):\(tenant)\(key)")
    }

    /// SHA-256 of a text, as four numbers.
    package static func digest(_ text: String) -> [UInt64] {
        let digest = Array(SHA256.hash(data: Data(text.utf8)))
        return stride(from: 0, to: 32, by: 8).map { digest[$0..<$0 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    }

    /// The number before the dash, or `nil` where there is none.
    package static func shard(of id: String) -> Int? {
        let digits = id.utf8.prefix { $0 != UInt8(ascii: "-") }
        guard (1...4).contains(digits.count), digits.allSatisfy(\.isASCIIDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
    }

    /// True for a foreign producer's id that can be part of a key and a message.
    ///
    /// Its form is `<digits>-<8…64 of [A-Za-z0-9_-]>`.
    package static func isValid(_ id: String) -> Bool {
        guard let dash = id.utf8.firstIndex(of: UInt8(ascii: "-")) else { return false }
        let shard = id.utf8[..<dash]
        let name = id.utf8[id.utf8.index(after: dash)...]
        return (1...4).contains(shard.count) && shard.allSatisfy(\.isASCIIDigit)
            && (8...64).contains(name.count) && name.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isASCIIAlphanumeric || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func name(_ shard: Int, _ high: UInt64, _ low: UInt64) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(26)
        for position in (0..<26).reversed() {
            let shift = position * 5
            let bits: UInt64
            if shift >= 64 {
                bits = high >> (shift - 64)
            } else if shift > 59 {
                bits = high << (64 - shift) | low >> shift
            } else {
                bits = low >> shift
            }
            text.append(alphabet[Int(bits & 31)])
        }
        return "\(shard)-" + String(decoding: text, as: UTF8.self)
    }
}
