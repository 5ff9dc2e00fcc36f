import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// Sends messages to channels.
///
/// Redirects are not followed, since a message is for the address that it was signed for.
struct WebhookClient: Sendable {
    private let configuration: HTTPClient.Configuration
    private let timeout: TimeAmount
    private let group: any EventLoopGroup
    private let logger: Logger

    init(_ settings: WebhookSettings, group: any EventLoopGroup, logger: Logger) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: TimeAmount(settings.timeout)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // Each failure is answered by a pause of its channel, and by another process where this one cannot.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let proxy = settings.proxy.flatMap(WebhookSettings.proxy) {
            configuration.proxy = .server(host: proxy.host, port: proxy.port)
        }
        if let file = settings.caFile {
            var tls = TLSConfiguration.makeClientConfiguration()
            // The settings were checked. A file that has gone since trusts nobody.
            tls.trustRoots = .certificates(Self.authorities(file) ?? [])
            configuration.tlsConfiguration = tls
        }
        self.configuration = configuration
        timeout = TimeAmount(settings.timeout)
        self.group = group
        self.logger = logger
    }

    /// `nil` where the file cannot be read, or holds none.
    static func authorities(_ file: String) -> [NIOSSLCertificate]? {
        guard let found = try? NIOSSLCertificate.fromPEMFile(file), !found.isEmpty else { return nil }
        return found
    }

    /// Keeps connections for as long as `body` takes.
    ///
    /// Messages come together, or hours apart.
    func withSession<Value>(_ body: (WebhookSession) async -> Value) async -> Value {
        let http = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        let value = await body(WebhookSession(http: http, timeout: timeout))
        do { try await http.shutdown() } catch {
            logger.debug("connections to channels are left to end", metadata: [LogKey.error: "\(error)"])
        }
        return value
    }
}

/// Connections to channels.
struct WebhookSession {
    fileprivate let http: HTTPClient
    fileprivate let timeout: TimeAmount

    /// Bytes of an answer that are read: the four platforms answer with a line.
    private static let mostAnswer = 64 * 1024

    func send(_ message: WebhookRequest, to platform: WebhookPlatform) async -> WebhookAnswer {
        var request = HTTPClientRequest(url: message.url.reveal())
        request.method = .POST
        request.headers = HTTPHeaders(message.headers)
        request.body = .bytes(message.body)
        do {
            let response = try await http.execute(request, timeout: timeout)
            let body = try await response.body.collect(upTo: Self.mostAnswer)
            return WebhookAnswer(
                platform, status: Int(response.status.code), retryAfter: response.headers.first(name: "retry-after"),
                body: Array(body.readableBytesView))
        } catch {
            return .failed(Self.reason(error))
        }
    }

    /// In our words, since descriptions of errors may hold the address.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where slow.contains(error): "no answer in time"
        case let error as HTTPClientError where ofProxy.contains(error): "the proxy refused the connection"
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: "the TLS connection cannot be trusted or made"
        case is NIOTooManyBytesError: "the answer is too long"
        default: "no connection could be made, or it was cut"
        }
    }

    private static let slow: [HTTPClientError] = [
        .connectTimeout, .readTimeout, .deadlineExceeded, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout,
        .getConnectionFromPoolTimeout,
    ]
    private static let ofProxy: [HTTPClientError] = [.invalidProxyResponse, .proxyAuthenticationRequired]
}
