import ArgumentParser

/// Exit codes of all commands, as `submitter --help` lists them.
enum Exit {
    static let failed = ExitCode(1)
    static let wrongSettings = ExitCode(3)
    static let interrupted = ExitCode(130)
}
