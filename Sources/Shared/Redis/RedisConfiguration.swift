package import CoreMetrics
package import NIOSSL

/// The address of Redis, its access, and times to wait for it.
///
/// Prints without its password.
package struct RedisConfiguration: Sendable, CustomStringConvertible {
    /// The kind of server at the addresses.
    package enum Topology: Sendable {
        /// One server.
        case single
        /// Sentinels, which know where the primary is.
        case sentinel(RedisSentinel)
        /// Nodes of a Redis Cluster.
        ///
        /// The others are learned from them.
        case cluster
    }

    /// At least one, and more only of sentinels and of a cluster.
    package var addresses: [RedisAddress]
    package var topology: Topology
    package var user: String?
    package var password: Secret?
    package var database: Int
    /// `nil` for `redis://`.
    package var tls: TLSConfiguration?

    package var connectTimeout = Duration.seconds(5)
    /// Of every command that names none: well above the slowest script, well below what a caller would bear.
    package var commandTimeout = Duration.seconds(5)
    /// The largest single reply: an answer of `MAX_ANSWER_BYTES`, read back from its log, must fit.
    package var maxReplyBytes = 256 << 20
    /// Bytes that may wait to be sent.
    ///
    /// Beyond it commands fail at once instead of filling memory.
    package var maxPendingBytes = 256 << 20
    /// Pause after a failed connection, doubling with jitter up to `maxBackoff`.
    package var backoff = Duration.milliseconds(50)
    package var maxBackoff = Duration.seconds(2)
    /// Measures calls, or `nil` where nobody looks.
    package var calls: CoreMetrics.Timer?

    /// From `REDIS_URL` as `docs/configuration.md` has it, with parts percent-encoded.
    package init(
        url: String, caFile: String? = nil, certFile: String? = nil, keyFile: String? = nil
    ) throws(RedisError) {
        let parts = try RedisURL(url)
        let scheme = parts.scheme.split(separator: "+", maxSplits: 1).map(String.init)
        guard scheme.first == "redis" || scheme.first == "rediss" else { throw RedisURL.wrong("redis:// or rediss://") }
        addresses = parts.addresses
        (user, password) = (parts.user, parts.password.map { Secret($0) })
        var path = parts.path[...]
        switch scheme.dropFirst().first {
        case nil: topology = .single
        case "cluster": topology = .cluster
        case "sentinel":
            guard let service = path.popFirst() else { throw RedisURL.wrong("the service's name after the slash") }
            topology = .sentinel(RedisSentinel(service: service))
        default: throw RedisURL.wrong("redis://, redis+sentinel:// or redis+cluster://")
        }
        database = try Self.database(path)
        if case .single = topology, addresses.count > 1 {
            throw RedisURL.wrong("one host, or redis+sentinel:// or redis+cluster:// before several")
        }
        if isCluster, database != 0 { throw RedisURL.wrong("no database: a cluster has only number 0") }
        if scheme.first == "rediss" { tls = try Self.tls(caFile: caFile, certFile: certFile, keyFile: keyFile) }
    }

    private static func database(_ path: ArraySlice<String>) throws(RedisError) -> Int {
        let database = path.first.map { Int($0) ?? -1 } ?? 0
        guard path.count <= 1, (0...65_535).contains(database) else {
            throw RedisURL.wrong("a database number after the slash")
        }
        return database
    }

    package var isCluster: Bool {
        if case .cluster = topology { return true }
        return false
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

    package var description: String {
        let scheme = tls == nil ? "redis" : "rediss"
        let hosts = addresses.map(\.description).joined(separator: ",")
        return switch topology {
        case .single: "\(scheme)://\(hosts)/\(database)"
        case .sentinel(let sentinel): "\(scheme)+sentinel://\(hosts)/\(sentinel.service)/\(database)"
        case .cluster: "\(scheme)+cluster://\(hosts)"
        }
    }
}

/// The service that sentinels are asked for, and access to them.
package struct RedisSentinel: Sendable {
    /// As `sentinel monitor` names it.
    package var service: String
    /// The sentinels' own, not the servers'.
    package var user: String?
    package var password: Secret?
    /// Time to connect to one sentinel and to have its answer, before the next one is asked.
    package var timeout = Duration.seconds(1)

    package init(service: String) { self.service = service }
}
