/// The `headers` setting of an account: more request headers, one `name: value` a line.
///
/// Fails with `authentication`, since the account's setup is at fault: for a line that is no header, and for names that
/// would change the framing or the host.
import Shared

enum ExtraHeaders {
    /// Framing and routing belong to the HTTP client, and the credential is the account's key.
    private static let reserved: Set<String> = [
        "authorization", "connection", "content-length", "content-type", "expect", "host", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// `headers` followed by the account's own, or a failure where one of them cannot be sent.
    static func completing(
        _ headers: [(name: String, value: String)], _ settings: [String: String]
    ) throws(JobFailure) -> [(name: String, value: String)] {
        let headers = headers + (try parse(settings["headers"]))
        guard headers.allSatisfy({ isValid(value: $0.value) }) else {
            throw JobFailure(.authentication, "The account's key or settings hold characters that no header can carry.")
        }
        return headers
    }

    static func parse(_ setting: String?) throws(JobFailure) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        for line in (setting ?? "").split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { throw refusal }
            let name = line[..<colon].trimmingSpaces
            let value = line[line.index(after: colon)...].trimmingSpaces
            guard isValid(name: name), isValid(value: value), !reserved.contains(name.lowercased()) else {
                throw refusal
            }
            headers.append((name, value))
        }
        return headers
    }

    /// A token of RFC 9110.
    static func isValid(name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                $0.isASCIIAlphanumeric || "!#$%&'*+-.^_`|~".utf8.contains($0)
            }
    }

    /// Visible ASCII, spaces and tabs.
    ///
    /// Line ends are excluded, since a value could add headers with them.
    static func isValid(value: String) -> Bool {
        value.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
    }

    private static var refusal: JobFailure {
        JobFailure(.authentication, "The account's setting 'headers' must hold lines of 'name: value'.")
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
