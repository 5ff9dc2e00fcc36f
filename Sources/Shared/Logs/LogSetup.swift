package import Logging

/// Makes the logger of a process: one line per event on standard error, text for people or JSON for collectors.
package enum LogSetup {
    /// Installs nothing globally: the logger is handed to whatever logs.
    package static func logger(_ label: String, _ settings: LogSettings) -> Logger {
        let level = settings.isDebug ? min(settings.level.loggerLevel, .debug) : settings.level.loggerLevel
        return Logger(label: label) { _ in LineLogHandler(format: settings.format, level: level) }
    }
}

extension LogSettings.Level {
    fileprivate var loggerLevel: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
