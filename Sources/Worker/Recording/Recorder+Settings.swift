import Shared

extension Recorder.Configuration {
    /// `nil` where no folder is named.
    init?(_ settings: inout Settings) {
        let folder = settings.path(
            "RECORD_DIR",
            "Folder that keeps what platforms send, everything said masked, for tests (docs/platforms.md); as `worker --record`."
        )
        accounts = Set(
            settings.list(
                "RECORD_ACCOUNTS",
                "Ids of the accounts whose calls are kept; none: all of them. As `worker --record-accounts`."))
        maxBytes = settings.int(
            "RECORD_MAX_BYTES", default: 1 << 20, in: 1 << 10...1 << 26,
            "Bytes of one request, and of one answer, that are kept at most.")
        maxFiles = settings.int(
            "RECORD_MAX_FILES", default: 1000, in: 1...1_000_000,
            "Files in that folder from which on nothing more is kept.")
        guard let folder else { return nil }
        self.folder = folder
    }
}
