import Shared
import TestSupport
import Testing

@testable import Submitter

/// Requests as text, for suites about the HTTP that callers and proxies write.
protocol HTTPRuleReading {}

extension HTTPRuleReading {
    static var chat: String { "/v1/chat/completions" }

    func post(
        _ body: String, version: String = "1.1", path: String = Self.chat, headers: [String] = [], length: Int? = nil
    ) -> String {
        let head = ["POST \(path) HTTP/\(version)", "host: x", "content-type: application/json"] + headers
        return (head + ["content-length: \(length ?? body.utf8.count)", "", body]).joined(separator: "\r\n")
    }

    func closes(_ caller: RawConnection) async throws {
        try await eventually("the shim closes", timeout: .seconds(5)) { caller.isClosed }
    }
}

extension String {
    func components(_ separator: String) -> Int { ranges(of: separator).count }

    /// The line that begins with `mark`, without it.
    func pieces(_ mark: String) -> [String] {
        split(separator: mark, omittingEmptySubsequences: true).map(String.init)
    }

    func halves(_ separator: String) -> (String, String)? {
        guard let range = firstRange(of: separator) else { return nil }
        return (String(self[..<range.lowerBound]), String(self[range.upperBound...]))
    }
}
