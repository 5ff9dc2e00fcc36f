/// The route of one attempt, as an adapter sees it.
package struct Target: Sendable {
    /// The platform's own model id.
    package var model: String
    /// Most tokens the model may answer with (catalogue), for platforms that require a limit; `nil` if unknown.
    package var maxOutputTokens: Int?
    package var account: AccountView
    /// Milliseconds since 1970, for signatures.
    package var now: Int64

    package init(model: String, account: AccountView, now: Int64, maxOutputTokens: Int? = nil) {
        self.model = model
        self.account = account
        self.now = now
        self.maxOutputTokens = maxOutputTokens
    }
}

/// What an adapter may know of an account.
package struct AccountView: Sendable {
    /// Replaces the platform's own; a trailing slash is tolerated.
    package var baseURL: String?
    /// `native`, `compatible`, `legacy`; `nil` is the platform's default.
    package var mode: String?
    /// Platform-specific extras by name (`organization`, `project`, `region`, …).
    package var settings: [String: String]
    package var credential: Credential

    package init(
        credential: Credential, baseURL: String? = nil, mode: String? = nil, settings: [String: String] = [:]
    ) {
        self.credential = credential
        self.baseURL = baseURL
        self.mode = mode
        self.settings = settings
    }
}

/// What is put on the wire to prove who we are: the decrypted key, or the token that was fetched or signed with it.
///
/// Prints as `<redacted>` everywhere; only `reveal` gives the text.
package struct Credential: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let secret: String

    package init(_ secret: String) {
        self.secret = secret
    }

    package func reveal() -> String { secret }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
