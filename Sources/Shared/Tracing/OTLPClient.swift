import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// Posts batches of spans to the receiver.
///
/// Redirects are not followed, since the headers of a batch may hold a key for its receiver.
struct OTLPClient: Sendable {
    private let configuration: HTTPClient.Configuration
    private let url: String
    private let headers: HTTPHeaders
    private let group: any EventLoopGroup
    private let logger: Logger

    init(_ settings: TracingSettings, to url: String, group: any EventLoopGroup, logger: Logger) {
        let timeout = TimeAmount(settings.timeout)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: HTTPClient.Configuration.Timeout(connect: timeout),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // `ExportRetry` says when to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let file = settings.caFile {
            var tls = TLSConfiguration.makeClientConfiguration()
            // The settings were checked. A file that has gone since trusts nobody.
            tls.trustRoots = .certificates(Self.authorities(file) ?? [])
            configuration.tlsConfiguration = tls
        }
        self.configuration = configuration
        self.url = url
        headers = Self.headers(settings)
        self.group = group
        self.logger = logger
    }

    /// `nil` where the file cannot be read, or holds none.
    static func authorities(_ file: String) -> [NIOSSLCertificate]? {
        guard let found = try? NIOSSLCertificate.fromPEMFile(file), !found.isEmpty else { return nil }
        return found
    }

    private static func headers(_ settings: TracingSettings) -> HTTPHeaders {
        var headers: HTTPHeaders = ["content-type": "application/json", "user-agent": "aims/\(Build.version)"]
        for header in settings.headers {
            headers.replaceOrAdd(name: header.name, value: header.value.reveal())
        }
        return headers
    }

    /// Keeps connections for as long as `body` takes.
    func withSession<Value>(_ body: (OTLPSession) async -> Value) async -> Value {
        let http = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        let value = await body(OTLPSession(http: http, url: url, headers: headers))
        do { try await http.shutdown() } catch {
            logger.debug("connections to the receiver of traces are left to end", metadata: [LogKey.error: "\(error)"])
        }
        return value
    }
}

/// Connections to the receiver.
struct OTLPSession: Sendable {
    fileprivate let http: HTTPClient
    fileprivate let url: String
    fileprivate let headers: HTTPHeaders

    /// Bytes of an answer that are read: it says how many spans were rejected.
    private static let mostAnswer = 64 * 1024

    func post(_ body: OTLPBody.Packed, timeout: Duration) async -> OTLPAnswer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = headers
        if body.isGzip { request.headers.replaceOrAdd(name: "content-encoding", value: "gzip") }
        request.body = .bytes(body.bytes)
        do {
            let response = try await http.execute(request, timeout: TimeAmount(timeout))
            return OTLPAnswer(
                status: Int(response.status.code), retryAfter: response.headers.first(name: "retry-after"),
                body: await Self.body(of: response), now: SystemWallClock().now)
        } catch {
            return .failed(Self.reason(error))
        }
    }

    /// Nothing where it breaks off or is too long.
    ///
    /// The status has said already what became of the batch, and sending it again would double its spans.
    private static func body(of response: HTTPClientResponse) async -> [UInt8] {
        do { return Array(try await response.body.collect(upTo: mostAnswer).readableBytesView) } catch { return [] }
    }

    /// In our words, since descriptions of errors may hold the address.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where slow.contains(error): "no answer in time"
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: "the TLS connection cannot be trusted or made"
        default: "no connection could be made, or it was cut"
        }
    }

    private static let slow: [HTTPClientError] = [
        .connectTimeout, .readTimeout, .deadlineExceeded, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout,
    ]
}
