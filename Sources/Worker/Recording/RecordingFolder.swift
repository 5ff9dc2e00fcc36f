import Foundation
import Logging
import Shared
import Synchronization

/// Masks and writes recordings on a thread of its own, so that neither the pool nor the curl thread waits for a disk.
///
/// Stops at `maxFiles`, which counts the files of earlier runs and other workers. A failed write is logged once, and
/// its recording is dropped.
final class RecordingFolder: Sendable {
    /// Chosen: with the largest recordings these are some MB.
    ///
    /// What the disk cannot keep up with is dropped.
    private static let maxWaiting = 64

    private struct State {
        var waiting = 0
        var hasComplained = false
        var written = 0
    }

    private let path: String
    private let maxFiles: Int
    private let logger: Logger
    private let thread = ThreadExecutor(name: "recorder")
    private let state = Mutex(State())
    /// Part of every name, so that workers may share a folder.
    private let run = (0..<4).map { _ in UInt8.random(in: 0...255) }.hex

    init(_ path: String, maxFiles: Int, _ logger: Logger) {
        self.path = path
        self.maxFiles = maxFiles
        self.logger = logger
    }

    func keep(_ exchange: RecordedExchange) {
        let isWelcome = state.withLock { state in
            guard state.waiting < Self.maxWaiting else { return false }
            state.waiting += 1
            return true
        }
        guard isWelcome else { return complain("the disk is too slow for all recordings") }
        thread.run { [self] in
            write(exchange)
            state.withLock { $0.waiting -= 1 }
        }
    }

    func flush() async {
        await withCheckedContinuation { continuation in
            thread.run { continuation.resume() }
        }
    }

    // MARK: - The thread

    private func write(_ exchange: RecordedExchange) {
        do {
            guard let number = try takeNumber() else {
                return complain("the folder of recordings is full: RECORD_MAX_FILES")
            }
            let call = exchange.call
            let salt = (0..<16).map { _ in UInt8.random(in: 0...255) }
            let file = URL(fileURLWithPath: path).appending(path: "\(call.provider)-\(call.mode)-\(run)-\(number).json")
            // Atomic, so that no file is half written.
            try Data(exchange.encoded(salt: salt)).write(to: file, options: .atomic)
        } catch {
            complain("a recording cannot be written", "\(error)")
        }
    }

    /// `nil` where this and other workers have filled the folder.
    private func takeNumber() throws -> Int? {
        guard try countFiles() < maxFiles else { return nil }
        return state.withLock { state in
            state.written += 1
            return state.written
        }
    }

    /// Creates the folder where there is none.
    private func countFiles() throws -> Int {
        let files = FileManager.default
        try files.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return try files.contentsOfDirectory(atPath: path).count { $0.hasSuffix(".json") }
    }

    private func complain(_ message: Logger.Message, _ error: String = "") {
        let isFirst = state.withLock { state in
            defer { state.hasComplained = true }
            return !state.hasComplained
        }
        if isFirst { logger.warning(message, metadata: [LogKey.error: "\(error)"]) }
    }
}
