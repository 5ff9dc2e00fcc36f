/// A server's host and port.
package struct RedisAddress: Sendable, Hashable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The parts of `REDIS_URL`: `scheme://[user[:password]@]host[:port][,host[:port]…][/path]`.
///
/// Read here and not by `URLComponents`, which knows one host only. What comes after `?` or `#` is left out.
struct RedisURL {
    let scheme: String
    let user: String?
    let password: String?
    /// At least one.
    let addresses: [RedisAddress]
    /// Never empty texts.
    let path: [String]

    init(_ text: String) throws(RedisError) {
        guard let mark = text.firstRange(of: "://") else { throw Self.wrong("a URL") }
        scheme = text[..<mark.lowerBound].lowercased()
        let rest = text[mark.upperBound...].prefix { $0 != "?" && $0 != "#" }
        let authority = rest.prefix { $0 != "/" }
        path = try rest.dropFirst(authority.count).split(separator: "/").map { part throws(RedisError) in
            try Self.decoded(part)
        }
        let at = authority.lastIndex(of: "@")
        (user, password) = try Self.access(at.map { authority[..<$0] } ?? "")
        let port = scheme.hasSuffix("sentinel") ? 26_379 : 6379
        let hosts = at.map { authority[authority.index(after: $0)...] } ?? authority
        addresses = try hosts.split(separator: ",", omittingEmptySubsequences: false).map { text throws(RedisError) in
            try Self.address(text, defaultPort: port)
        }
    }

    /// `user`, `:password` or `user:password`.
    private static func access(_ text: Substring) throws(RedisError) -> (user: String?, password: String?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = try decoded(parts.first ?? "")
        return (user.isEmpty ? nil : user, parts.count > 1 ? try decoded(parts[1]) : nil)
    }

    private static func address(_ text: Substring, defaultPort: Int) throws(RedisError) -> RedisAddress {
        var host = text
        var port: Substring?
        if let end = text.lastIndex(of: "]"), text.hasPrefix("[") {
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw wrong("a port after the host") }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ (33...126).contains($0) }) else { throw wrong("a host") }
        let number = port.map { Int($0) ?? 0 } ?? defaultPort
        guard (1...65_535).contains(number) else { throw wrong("a port from 1 to 65535") }
        return RedisAddress(host: String(host), port: number)
    }

    private static func decoded(_ text: Substring) throws(RedisError) -> String {
        guard let bytes = PercentEncoding.decode(text) else { throw wrong("parts that are percent-encoded") }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw wrong("parts that are UTF-8") }
        return decoded
    }

    static func wrong(_ expected: String) -> RedisError {
        RedisError(.configuration, "REDIS_URL: expected \(expected)")
    }
}
