/// The route of one attempt, as an adapter sees it.
struct Target: Sendable {
    /// The platform's own model id.
    var model: String
    /// Most tokens the model may answer with (catalogue), for platforms that require a limit; `nil` if unknown.
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

/// What an adapter may know of an account.
struct AccountView: Sendable {
    /// Replaces the platform's own; a trailing slash is tolerated.
    var baseURL: String?
    /// `native`, `compatible`, `legacy`; `nil` is the platform's default.
    var mode: String?
    /// Platform-specific extras by name (`organization`, `project`, `region`, …).
    var settings: [String: String]
    var credential: Credential

    init(
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
