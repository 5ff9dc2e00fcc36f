package import NIOSSL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where Redis is, how to get in, and how long to wait for it; prints without its password.
package struct RedisConfiguration: Sendable, CustomStringConvertible {
    package var host: String
    package var port: Int
    package var user: String?
    package var password: Secret?
    package var database: Int
    /// `nil` for `redis://`.
    package var tls: TLSConfiguration?

    package var connectTimeout = Duration.seconds(5)
    /// Of every command that names none; well above the slowest script, well below what a caller would bear.
    package var commandTimeout = Duration.seconds(5)
    /// The largest single reply: an answer of `MAX_ANSWER_BYTES`, read back from its log, must fit.
    package var maxReplyBytes = 256 << 20
    /// Bytes that may wait to be sent; beyond it commands fail at once instead of filling memory.
    package var maxPendingBytes = 256 << 20
    /// Pause after a failed connection, doubling with jitter up to `maxBackoff`.
    package var backoff = Duration.milliseconds(50)
    package var maxBackoff = Duration.seconds(2)

    /// `redis://` or `rediss://[user[:password]@]host[:port][/database]`, parts percent-encoded.
    package init(
        url: String, caFile: String? = nil, certFile: String? = nil, keyFile: String? = nil
    ) throws(RedisError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme else { throw Self.wrong("a URL") }
        guard scheme == "redis" || scheme == "rediss" else { throw Self.wrong("redis:// or rediss://") }
        guard let host = parts.host, !host.isEmpty else { throw Self.wrong("a host") }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? 6379
        guard (1...65_535).contains(port) else { throw Self.wrong("a port from 1 to 65535") }
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password.map { Secret($0) }
        let path = parts.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), (0...65_535).contains(database) else {
            throw Self.wrong("a database number after the slash")
        }
        self.database = database
        if scheme == "rediss" { tls = try Self.tls(caFile: caFile, certFile: certFile, keyFile: keyFile) }
    }

    private static func tls(
        caFile: String?, certFile: String?, keyFile: String?
    ) throws(RedisError) -> TLSConfiguration {
        guard (certFile == nil) == (keyFile == nil) else {
            throw RedisError(.configuration, "a client certificate and its key are expected together")
        }
        var tls = TLSConfiguration.makeClientConfiguration()
        do {
            if let caFile { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(caFile)) }
            if let certFile, let keyFile {
                tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certFile).map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
            }
        } catch {
            throw RedisError(.configuration, "the TLS files cannot be read: expected PEM")
        }
        return tls
    }

    private static func wrong(_ expected: String) -> RedisError {
        RedisError(.configuration, "REDIS_URL: expected \(expected)")
    }

    package var description: String { "\(tls == nil ? "redis" : "rediss")://\(host):\(port)/\(database)" }
}
