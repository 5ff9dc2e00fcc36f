/// The address of Redis, as the environment says it.
package struct RedisSettings: Sendable {
    package struct TLSFiles: Sendable, Equatable {
        package var caFile: String?
        package var certFile: String?
        package var keyFile: String?
    }

    /// Access to the sentinels, where `REDIS_URL` names some.
    package struct SentinelAccess: Sendable {
        package var user: String?
        package var password: Secret?
        package var timeout: Duration
    }

    package var url: Secret
    package var tls: TLSFiles
    package var requiresDurability: Bool
    package var sentinel: SentinelAccess

    /// The forms of `REDIS_URL`, as its mistake and its description have them.
    private static let forms =
        "`redis://[user[:password]@]host[:port][/database]`, `redis+sentinel://…@sentinel,sentinel/SERVICE[/database]` or `redis+cluster://…@node,node`; `rediss` in place of `redis` for TLS"

    package init(_ settings: inout Settings) {
        url =
            settings.secret(
                "REDIS_URL", default: "redis://127.0.0.1:6379/0",
                "Redis: \(Self.forms) (docs/operations.md).") ?? Secret("")
        tls = TLSFiles(
            caFile: settings.path("REDIS_CA_FILE", "Authorities that `rediss://` trusts, PEM; none: the system's."),
            certFile: settings.path("REDIS_CERT_FILE", "Client certificate for `rediss://`, PEM."),
            keyFile: settings.path("REDIS_KEY_FILE", "Key of the client certificate, PEM."))
        requiresDurability = settings.bool(
            "REQUIRE_DURABLE_REDIS", default: false,
            "Refuses to start, and to be ready, on a Redis without `appendonly` or with an evicting policy.")
        sentinel = SentinelAccess(&settings)
        check(&settings)
    }

    /// Notes a URL or TLS files that cannot be used now, together with all other mistakes.
    private func check(_ settings: inout Settings) {
        guard (tls.certFile == nil) == (tls.keyFile == nil) else {
            return settings.mistake(
                "REDIS_CERT_FILE", expected: "REDIS_CERT_FILE and REDIS_KEY_FILE together, or neither")
        }
        do { _ = try configuration() } catch {
            settings.mistake("REDIS_URL", expected: "\(Self.forms.filter { $0 != "`" }), and readable TLS files")
        }
    }

    /// The same as clients take it.
    ///
    /// `RedisError.configuration` names the fault of the URL or the TLS files.
    package func configuration() throws(RedisError) -> RedisConfiguration {
        var configuration = try RedisConfiguration(
            url: url.reveal(), caFile: tls.caFile, certFile: tls.certFile, keyFile: tls.keyFile)
        if case .sentinel(var sentinel) = configuration.topology {
            (sentinel.user, sentinel.password) = (self.sentinel.user, self.sentinel.password)
            sentinel.timeout = self.sentinel.timeout
            configuration.topology = .sentinel(sentinel)
        }
        return configuration
    }

    /// True when keys with different hash tags may be on different servers.
    package var isClustered: Bool { url.reveal().prefix { $0 != ":" }.lowercased().hasSuffix("+cluster") }
}

extension RedisSettings.SentinelAccess {
    init(_ settings: inout Settings) {
        let user = settings.text("REDIS_SENTINEL_USER", default: "", "User of the sentinels, where they want one.")
        self.user = user.isEmpty ? nil : user
        password = settings.secret(
            "REDIS_SENTINEL_PASSWORD", "Password of the sentinels; that of `REDIS_URL` is the servers'.")
        timeout = settings.seconds(
            "REDIS_SENTINEL_TIMEOUT", default: 1, in: 0.05...60,
            "How long one sentinel may take to answer; then the next one is asked.")
    }
}
