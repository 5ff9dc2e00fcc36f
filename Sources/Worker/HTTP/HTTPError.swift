import CCurl

/// The reason why an exchange has no whole response.
///
/// The description names neither URL nor headers.
struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    enum Code: String, Sendable {
        case invalidRequest, dns, connect, proxy, tls
        case timeoutConnect, timeoutFirstByte, timeoutIdle, timeoutTotal
        /// The connection ended before the response did.
        case cut
        case tooLarge
        /// The body is compressed in a way that cannot be unpacked.
        case encoding
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

    /// Translates curl's result.
    ///
    /// `proxyStatus` is a proxy's answer to CONNECT, 0 if no proxy was asked.
    init(_ result: CURLcode, hasProxy: Bool, proxyStatus: Int) {
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST: self.init(.dns, "the host name is unknown")
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: self.init(.proxy, "the proxy cannot be used")
        case CURLE_COULDNT_CONNECT where hasProxy: self.init(.proxy, "no connection to the proxy could be made")
        case CURLE_COULDNT_CONNECT: self.init(.connect, "no connection could be made")
        // Connecting is the only limit that curl enforces.
        case CURLE_OPERATION_TIMEDOUT: self.init(.timeoutConnect, "no connection in time")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
            self.init(.tls, "the TLS connection cannot be trusted or made")
        // curl has one code for a proxy that refuses and for a response that breaks off.
        case CURLE_RECV_ERROR where proxyStatus >= 300:
            self.init(.proxy, "the proxy refused the connection with status \(proxyStatus)")
        // CURLE_ABORTED_BY_CALLBACK is ours: curl was about to send a request a second time.
        case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_HTTP2,
            CURLE_HTTP2_STREAM, CURLE_ABORTED_BY_CALLBACK:
            self.init(.cut, "the connection ended before the answer did")
        case CURLE_URL_MALFORMAT: self.init(.invalidRequest, "url: expected a host behind http:// or https://")
        // About the response. A URL with another protocol does not get as far as curl.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: self.init(.other, "the answer is not HTTP")
        default:
            // unsafe: curl's texts are constants.
            self.init(.other, unsafe String(cString: curl_easy_strerror(result)))
        }
    }
}
