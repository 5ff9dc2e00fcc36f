import Logging
import Shared

/// Records what platforms send to calls of chosen accounts, byte for byte but masked: `worker --record DIR`.
///
/// In: calls. Out: a file each in the folder, for `Tests/Clients/test_replay.py`. Only chats are recorded, since
/// vectors reveal too much of their texts. No failure here can fail a call.
struct Recorder: Sendable {
    struct Configuration: Sendable, Equatable {
        var folder: String
        /// Ids of accounts, empty for all.
        var accounts: Set<String>
        /// Of one response, and of one request.
        var maxBytes: Int
        var maxFiles: Int
    }

    private let configuration: Configuration
    private let folder: RecordingFolder

    init(_ configuration: Configuration, _ logger: Logger) {
        self.configuration = configuration
        folder = RecordingFolder(configuration.folder, maxFiles: configuration.maxFiles, logger)
    }

    /// `nil` where this call is not recorded.
    func recording(of request: ModelRequest, on route: Route, _ upstream: UpstreamRequest) -> Recording? {
        let account = route.account
        guard case .chat(let chat) = request,
            configuration.accounts.isEmpty || configuration.accounts.contains(account.id)
        else { return nil }
        var asked = upstream
        if asked.body.count > configuration.maxBytes { asked.body = Array(asked.body.prefix(configuration.maxBytes)) }
        let recorded = RecordedCall(
            provider: account.provider.rawValue, mode: account.mode ?? account.provider.modes[0],
            model: route.model.modelID, isStream: chat.isStream, choices: chat.n, baseURL: account.baseURL,
            request: asked)
        return Recording(recorded, maxBytes: configuration.maxBytes, folder)
    }

    /// Returns when all recordings so far are written.
    func flush() async { await folder.flush() }
}

/// The request side of a recording, before it is masked.
struct RecordedCall: Sendable {
    var provider: String
    var mode: String
    /// The platform's own id.
    var model: String
    /// The caller wants a stream.
    var isStream: Bool
    /// The number of answers asked for (`n`).
    var choices: Int
    /// The account's base URL, below which the recorded path begins.
    var baseURL: String?
    var request: UpstreamRequest
}
