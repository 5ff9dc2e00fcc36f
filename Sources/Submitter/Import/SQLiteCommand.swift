import Foundation
import Shared

/// Runs the `sqlite3` program, which reads a file without changing it.
///
/// The service itself does not link SQLite.
struct SQLiteCommand: Sendable {
    let path: String

    /// Blocks its thread until the program has ended: for commands, which have nothing else to do.
    func rows(_ query: String) async throws(ImportFailure) -> [JSON] {
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // An absolute path cannot be taken for an option.
        let file = URL(fileURLWithPath: path).path
        process.arguments = ["sqlite3", "-batch", "-readonly", "-json", file, query]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        do { try process.run() } catch { throw ImportFailure("the program sqlite3 cannot be started") }
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw failure(process.terminationStatus, complaint) }
        // No rows, no output.
        return bytes.isEmpty ? [] : try ImportSource.rows(in: bytes)
    }

    /// The program's words may quote the file's contents, so only their meaning is told.
    private func failure(_ code: Int32, _ complaint: String) -> ImportFailure {
        if code == 127 {
            return ImportFailure("the program sqlite3 is missing: install the package sqlite3 (scripts/setup does)")
        }
        if complaint.contains("no such table") { return ImportFailure("the file has no table channels") }
        if complaint.contains("-json") { return ImportFailure("sqlite3 is older than 3.33 and knows no -json") }
        if complaint.contains("not a database") || complaint.contains("malformed") {
            return ImportFailure("the SQLite file is damaged")
        }
        return ImportFailure("sqlite3 could not read the file (exit code \(code))")
    }
}
