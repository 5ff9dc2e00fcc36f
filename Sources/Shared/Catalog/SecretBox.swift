import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Seals and opens the keys of accounts: envelope encryption with AES-256-GCM.
///
/// A random 256-bit data key per row seals the secret, and `MASTER_KEY` wraps the data key. Both are bound to the
/// account's id, so that a sealed text cannot be moved to another row.
///
///     v1.<master key's name>.<wrapped key>.<sealed>        (base64url)
package struct SecretBox: Sendable {
    package enum Failure: Error, Equatable, CustomStringConvertible {
        case masterKeyForm
        /// Sealed with a master key that is not here.
        case unknownMasterKey
        /// Not a sealed text, changed, or of another account.
        case corrupted

        package var description: String {
            switch self {
            case .masterKeyForm: "MASTER_KEY: expected 32 bytes in base64 or hexadecimal"
            case .unknownMasterKey: "sealed with another MASTER_KEY"
            case .corrupted: "the sealed text is damaged or belongs to another account"
            }
        }
    }

    struct Master: Sendable {
        let name: String
        let key: SymmetricKey
    }

    let current: Master
    let all: [Master]

    /// `retired` keys open, but no longer seal.
    package init(masterKey: Secret, retired: [Secret] = []) throws(Failure) {
        current = try Self.master(masterKey)
        var all = [current]
        for secret in retired { all.append(try Self.master(secret)) }
        self.all = all
    }

    package func seal(_ secret: Secret, for accountID: String) throws(Failure) -> String {
        let dataKey = SymmetricKey(size: .bits256)
        let bytes = unsafe dataKey.withUnsafeBytes { unsafe Data($0) }
        let wrapped = try Self.encrypt(bytes, current.key, "wrap:" + accountID)
        let sealed = try Self.encrypt(Data(secret.reveal().utf8), dataKey, "seal:" + accountID)
        return ["v1", current.name, Self.text(wrapped), Self.text(sealed)].joined(separator: ".")
    }

    package func open(_ sealed: String, for accountID: String) throws(Failure) -> Secret {
        let parts = sealed.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "v1", let wrapped = Self.data(parts[2]), let body = Self.data(parts[3])
        else {
            throw .corrupted
        }
        guard let master = all.first(where: { $0.name == parts[1] }) else { throw .unknownMasterKey }
        let dataKey = SymmetricKey(data: try Self.decrypt(wrapped, master.key, "wrap:" + accountID))
        let bytes = try Self.decrypt(body, dataKey, "seal:" + accountID)
        return Secret(String(decoding: bytes, as: UTF8.self))
    }

    private static func master(_ secret: Secret) throws(Failure) -> Master {
        let text = secret.reveal()
        guard let bytes = hexadecimal(text) ?? Data(base64Encoded: text), bytes.count == 32 else {
            throw .masterKeyForm
        }
        return Master(name: SHA256.hash(data: bytes).prefix(4).hex, key: SymmetricKey(data: bytes))
    }

    private static func hexadecimal(_ text: String) -> Data? {
        text.utf8.count == 64 ? [UInt8](hex: text).map { Data($0) } : nil
    }

    static func encrypt(_ data: Data, _ key: SymmetricKey, _ bound: String) throws(Failure) -> Data {
        do {
            guard let sealed = try AES.GCM.seal(data, using: key, authenticating: Data(bound.utf8)).combined else {
                throw Failure.corrupted
            }
            return sealed
        } catch {
            throw .corrupted
        }
    }

    static func decrypt(_ data: Data, _ key: SymmetricKey, _ bound: String) throws(Failure) -> Data {
        do {
            return try AES.GCM.open(AES.GCM.SealedBox(combined: data), using: key, authenticating: Data(bound.utf8))
        } catch {
            throw .corrupted
        }
    }

    static func text(_ data: Data) -> String {
        Base64.encodeURL(Array(data), isPadded: true)
    }

    /// Accepts only what `text` writes: base64 has unused bits, and a changed text must not open.
    static func data(_ encoded: String) -> Data? {
        guard let data = Base64.decodeURL(encoded).map({ Data($0) }), text(data) == encoded else { return nil }
        return data
    }
}
