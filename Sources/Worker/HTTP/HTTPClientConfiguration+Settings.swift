import Shared

extension HTTPClientConfiguration {
    /// `maxIdleConnections`: one per job that may run at once.
    init(_ settings: inout Settings, maxIdleConnections: Int) {
        self.maxIdleConnections = maxIdleConnections
        let proxy = settings.text(
            "UPSTREAM_PROXY", default: "",
            "Proxy for calls to platforms, as in `http://proxy:3128`.")
        self.proxy = proxy.isEmpty ? nil : proxy
        caFile = settings.path(
            "UPSTREAM_CA_FILE",
            "Authorities that platforms' certificates must come from, PEM; none: the system's.")
        maxConnectionsPerHost = settings.int(
            "UPSTREAM_CONNECTIONS_PER_HOST", default: 0, in: 0...100_000,
            "Connections to one platform at most; 0: as many as jobs.")
    }
}
