package import Logging

#if canImport(Glibc)
    import Glibc
#endif

/// Writes each event as one line with one `write`, so that lines of several threads do not mix.
package struct LineLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let format: LogSettings.Format
    private let clock: any WallClock
    private let emit: @Sendable ([UInt8]) -> Void

    package init(
        format: LogSettings.Format, level: Logger.Level, clock: any WallClock = SystemWallClock(),
        emit: @escaping @Sendable ([UInt8]) -> Void = Self.writeToStandardError
    ) {
        self.format = format
        self.logLevel = level
        self.clock = clock
        self.emit = emit
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, last in last } }
        if let given = event.metadata { all.merge(given) { _, last in last } }
        if let error = event.error { all[LogKey.error] = "\(error)" }
        // Unknown values are left out.
        let fields = all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }.filter { !$0.1.isEmpty }
        let time = UTCTime(millisecondsSince1970: clock.now).dateAndTimeWithMilliseconds
        switch format {
        case .text: emit(LogLine.text(time: time, level: event.level.rawValue, message: "\(event.message)", fields))
        case .json: emit(LogLine.json(time: time, level: event.level.rawValue, message: "\(event.message)", fields))
        }
    }

    /// A failed write is ignored, since nobody could act on a lost log line.
    package static let writeToStandardError: @Sendable ([UInt8]) -> Void = { line in
        _ = unsafe line.withUnsafeBytes { bytes in unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}

/// The two forms of a log line (pure).
enum LogLine {
    static func text(time: String, level: String, message: String, _ fields: [(String, String)]) -> [UInt8] {
        var line = "\(time) \(level.uppercased()) \(oneLine(message))"
        for (key, value) in fields {
            line += " \(key)=\(value.contains(" ") ? "\"\(oneLine(value))\"" : oneLine(value))"
        }
        return Array((line + "\n").utf8)
    }

    static func json(time: String, level: String, message: String, _ fields: [(String, String)]) -> [UInt8] {
        let members = [("time", time), ("level", level), ("message", message)] + fields
        let body = members.map { "\(quoted($0.0)):\(value($0.1, of: $0.0))" }.joined(separator: ",")
        return Array("{\(body)}\n".utf8)
    }

    private static func value(_ text: String, of key: String) -> String {
        LogKey.numbers.contains(key) && Int(text).map(String.init) == text ? text : quoted(text)
    }

    /// Control characters would let a value forge a second line.
    private static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 32 || $0 == 127 }) else { return text }
        return String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 32:
                quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
