import ArgumentParser

/// Exit codes of all commands, as `submitter --help` lists them.
enum Exit {
    static let failed = ExitCode(1)
    /// A bill and the ledger do not agree.
    static let differs = ExitCode(2)
    static let wrongSettings = ExitCode(3)
    static let interrupted = ExitCode(130)
}
