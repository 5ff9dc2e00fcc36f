/// The keys that wrap the keys of platform accounts.
package struct MasterKeySettings: Sendable {
    /// `nil` is fine as long as no account has a key.
    package var current: Secret?
    /// Open keys that were sealed before `current` was changed, but seal none.
    package var retired: [Secret]

    package init(_ settings: inout Settings) {
        current = settings.secret("MASTER_KEY", "32 bytes in base64 that wrap the keys of the platform accounts.")
        let retired = settings.secret(
            "MASTER_KEY_RETIRED", "Earlier values of `MASTER_KEY`, separated by commas: they open, but no longer seal.")
        self.retired = (retired?.reveal() ?? "").split(separator: ",").map { Secret(String($0.trimmingSpaces)) }
        check(&settings)
    }

    /// `nil` without a `MASTER_KEY`.
    package func box() throws(SecretBox.Failure) -> SecretBox? {
        guard let current else { return nil }
        return try SecretBox(masterKey: current, retired: retired)
    }

    private func check(_ settings: inout Settings) {
        let form = "32 bytes in base64, or 64 hexadecimal digits"
        if let current, !Self.isKey(current) { settings.mistake("MASTER_KEY", expected: form) }
        guard retired.allSatisfy(Self.isKey) else {
            return settings.mistake("MASTER_KEY_RETIRED", expected: "keys separated by commas, each \(form)")
        }
        if current == nil, !retired.isEmpty {
            settings.mistake("MASTER_KEY", expected: "the current key beside MASTER_KEY_RETIRED")
        }
    }

    private static func isKey(_ secret: Secret) -> Bool {
        do { _ = try SecretBox(masterKey: secret) } catch { return false }
        return true
    }
}
