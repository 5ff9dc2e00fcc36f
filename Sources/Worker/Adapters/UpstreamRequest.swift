/// A request as an adapter wants it sent; becomes an `HTTPRequest` outside.
package struct UpstreamRequest: Sendable {
    package var method = "POST"
    package var url: String
    /// In the order they are sent; the credential is among them, so they are never logged.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Whether the answer is read as it comes.
    package var isStream: Bool

    package init(url: String, headers: [(name: String, value: String)], body: [UInt8], isStream: Bool) {
        self.url = url
        self.headers = headers
        self.body = body
        self.isStream = isStream
    }

    /// The first header of that name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Looks a response header up by its name in any case.
package typealias HeaderLookup = @Sendable (_ name: String) -> String?

/// What is known of a successful answer before its body.
package struct AnswerShape: Sendable {
    /// Whether a stream was asked for.
    package var isStream: Bool
    /// As sent, parameters included; `nil` if the platform gave none.
    package var contentType: String?

    package init(isStream: Bool, contentType: String?) {
        self.isStream = isStream
        self.contentType = contentType
    }

    /// A page of some proxy or a wrong base URL: no platform answers so.
    var isWebPage: Bool {
        contentType?.prefix { $0 != ";" }.lowercased() == "text/html"
    }
}

/// An answer whose status is not 200…299.
package struct UpstreamRefusal: Sendable {
    package var status: Int
    package var headers: HeaderLookup
    /// JSON, HTML of some proxy, or nothing.
    package var body: [UInt8]
    /// Milliseconds since 1970, for a `Retry-After` given as a date where there is no `Date` header.
    package var now: Int64

    package init(status: Int, headers: @escaping HeaderLookup, body: [UInt8], now: Int64) {
        self.status = status
        self.headers = headers
        self.body = body
        self.now = now
    }
}
