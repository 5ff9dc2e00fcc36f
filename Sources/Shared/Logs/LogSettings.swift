/// The detail and the form of a process' logs.
package struct LogSettings: Sendable {
    package enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }
    package enum Format: String, Sendable, CaseIterable { case text, json }

    package var isDebug: Bool
    package var level: Level
    package var format: Format

    package init(_ settings: inout Settings) {
        isDebug = settings.bool(
            "DEBUG", default: false,
            "More detail in logs, never prompts, answers or keys; and `/debug/config` of the shim.")
        level = settings.choice("LOG_LEVEL", default: Level.info, "Least level that is logged.")
        format = settings.choice("LOG_FORMAT", default: Format.text, "Form of a log line on standard error.")
    }
}
