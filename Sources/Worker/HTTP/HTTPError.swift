import CCurl

/// Why an exchange has no (whole) answer. The description names neither URL nor headers.
struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    enum Code: String, Sendable {
        case invalidRequest, dns, connect, proxy, tls
        case timeoutConnect, timeoutFirstByte, timeoutIdle, timeoutTotal
        /// The connection ended before the answer did.
        case cut
        case tooLarge
        case cancelled
        case other
    }

    let code: Code
    let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    static let cancelled = HTTPError(.cancelled, "the exchange was cancelled")

    /// From curl's result; `wasConnected` tells the two time-outs apart that curl has one code for.
    init(_ result: CURLcode, wasConnected: Bool) {
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST: self.init(.dns, "the host name is unknown")
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: self.init(.proxy, "the proxy cannot be used")
        case CURLE_COULDNT_CONNECT: self.init(.connect, "the connection was refused")
        case CURLE_OPERATION_TIMEDOUT:
            self =
                wasConnected
                ? HTTPError(.timeoutTotal, "the whole exchange took too long")
                : HTTPError(.timeoutConnect, "no connection in time")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
            self.init(.tls, "the TLS connection cannot be trusted or made")
        case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2_STREAM, CURLE_SEND_ERROR,
            CURLE_HTTP2:
            self.init(.cut, "the connection ended before the answer did")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: self.init(.invalidRequest, "url: expected http:// or https://")
        default:
            // unsafe: curl's texts are constants.
            self.init(.other, unsafe String(cString: curl_easy_strerror(result)))
        }
    }
}
