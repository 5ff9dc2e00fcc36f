/// The route of one attempt, as an adapter sees it.
struct Target: Sendable {
    /// The platform's own model id.
    var model: String
    /// Most tokens of the model's output (catalogue), for platforms that require a limit, `nil` if unknown.
    var maxOutputTokens: Int?
    var account: AccountView
    /// Milliseconds since 1970, for signatures.
    var now: Int64

    init(model: String, account: AccountView, now: Int64, maxOutputTokens: Int? = nil) {
        self.model = model
        self.account = account
        self.now = now
        self.maxOutputTokens = maxOutputTokens
    }
}

/// The part of an account that an adapter may see.
struct AccountView: Sendable {
    /// Replaces the platform's own, with or without a trailing slash.
    var baseURL: String?
    /// Platform-specific extras by name (`organization`, `project`, `region`, …).
    var settings: [String: String]
    var credential: Credential

    init(
        credential: Credential, baseURL: String? = nil, settings: [String: String] = [:]
    ) {
        self.credential = credential
        self.baseURL = baseURL
        self.settings = settings
    }
}

/// The secret that authenticates a request: the decrypted key, or the token that was fetched or signed with it.
///
/// Prints as `<redacted>` everywhere. Only `reveal` returns the text.
struct Credential: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let secret: String

    init(_ secret: String) {
        self.secret = secret
    }

    func reveal() -> String { secret }

    var description: String { "<redacted>" }
    var debugDescription: String { "<redacted>" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
