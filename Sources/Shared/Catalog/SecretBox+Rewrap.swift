/// Changes the master key: wraps only the data key of a sealed text anew, while the secret stays sealed.
extension SecretBox {
    /// The name of the master key that seals: eight hexadecimal digits of its hash.
    package var keyName: String { current.name }

    /// The name of the master key that a text is sealed under, or `nil` for anything but a sealed text.
    package static func keyName(of sealed: String) -> String? {
        let parts = sealed.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "v1" ? String(parts[1]) : nil
    }

    package func knows(keyNamed name: String) -> Bool { all.contains { $0.name == name } }

    /// The same secret under the current master key, or `nil` where it is already.
    package func rewrap(_ sealed: String, for accountID: String) throws(Failure) -> String? {
        // Opens it first, so that a damaged text is not carried on as if it were whole.
        _ = try open(sealed, for: accountID)
        let parts = sealed.split(separator: ".").map(String.init)
        guard parts[1] != current.name else { return nil }
        guard let master = all.first(where: { $0.name == parts[1] }), let wrapped = Self.data(parts[2]) else {
            throw .unknownMasterKey
        }
        let dataKey = try Self.decrypt(wrapped, master.key, "wrap:" + accountID)
        let anew = try Self.encrypt(dataKey, current.key, "wrap:" + accountID)
        return ["v1", current.name, Self.text(anew), parts[3]].joined(separator: ".")
    }
}
