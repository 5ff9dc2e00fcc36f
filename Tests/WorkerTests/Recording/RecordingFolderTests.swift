import Foundation
import Logging
import TestSupport
import Testing

@testable import Worker

@Suite struct RecordingFolderTests {
    private let exchange = RecordedExchange(
        call: RecordedCall(
            provider: "openai", mode: "chat", model: "m", isStream: false, choices: 1, baseURL: nil,
            request: UpstreamRequest(
                url: "https://x.example/v1/chat/completions", headers: [], body: Array("{}".utf8), isStream: false)),
        answer: Recording.Answer())

    @Test func `files of other workers count, and what is taken away makes room`() async throws {
        let directory = try TemporaryDirectory()
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let folder = RecordingFolder(directory.path, maxFiles: 2, logger)
        let other = directory.file("other.json")
        func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory.path) }

        folder.keep(exchange)
        await folder.flush()
        try "{}".write(toFile: other, atomically: true, encoding: .utf8)
        folder.keep(exchange)
        await folder.flush()
        #expect(try files().count == 2)

        try FileManager.default.removeItem(atPath: other)
        folder.keep(exchange)
        await folder.flush()
        #expect(try files().count == 2)
        #expect(try !files().contains("other.json"))
    }
}
