import Foundation

/// Reads the figures that Linux has of this process, under the names that every Prometheus client uses.
///
/// A figure that the system does not give is left out.
package struct ProcessFigures: Sendable {
    /// Seconds since 1970.
    private let startedAt: Double
    private let folder: String

    /// Made at the start of the process.
    package init(startedAt milliseconds: Int64 = SystemWallClock().now, folder: String = "/proc/self") {
        startedAt = Double(milliseconds) / 1000
        self.folder = folder
    }

    package var readings: [MetricReading] {
        let status = Self.fields(text("status"))
        let figures: [(MetricFamily, Double?)] = [
            (.processStart, startedAt),
            (.processCPU, Self.cpuSeconds(text("stat"))),
            (.processMemory, Self.bytes(status["VmRSS"])),
            (.processThreads, status["Threads"].flatMap { Double($0) }),
            (.processOpenFiles, openFiles),
            (.processMostFiles, Self.mostFiles(text("limits"))),
        ]
        return figures.compactMap { family, value in value.map { MetricReading(family, $0) } }
    }

    private func text(_ name: String) -> String {
        FileManager.default.contents(atPath: "\(folder)/\(name)").map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Without the one that is open to list them.
    private var openFiles: Double? {
        do {
            return Double(max(0, try FileManager.default.contentsOfDirectory(atPath: "\(folder)/fd").count - 1))
        } catch { return nil }
    }

    /// The lines `Name:   value unit` of `status`.
    private static func fields(_ text: String) -> [Substring: Substring] {
        text.split(separator: "\n").reduce(into: [:]) { fields, line in
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1].trimmingSpaces }
        }
    }

    private static func bytes(_ kilobytes: Substring?) -> Double? {
        kilobytes?.split(separator: " ").first.flatMap { Double($0) }.map { $0 * 1024 }
    }

    /// Of user and system: fields 14 and 15 of `stat`, in the 100 ticks a second that Linux shows on every platform.
    ///
    /// Fields are counted from behind the name, which may hold blanks and brackets.
    static func cpuSeconds(_ stat: String) -> Double? {
        guard let name = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: name)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        return (user + system) / 100
    }

    /// The soft limit: `Max open files  1024  4096  files`, or `unlimited`.
    static func mostFiles(_ limits: String) -> Double? {
        let line = limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        return line?.split(separator: " ").dropFirst(3).first.flatMap { $0 == "unlimited" ? .infinity : Double($0) }
    }
}
