import Shared

/// A request as an adapter wants it sent; becomes an `HTTPRequest` outside.
struct UpstreamRequest: Sendable {
    var method = "POST"
    var url: String
    /// In the order they are sent; the credential is among them, so they are never logged.
    var headers: [(name: String, value: String)]
    var body: [UInt8]
    /// Whether a stream is asked of the platform, also where the caller wants one document.
    var isStream: Bool

    init(url: String, headers: [(name: String, value: String)], body: [UInt8], isStream: Bool) {
        self.url = url
        self.headers = headers
        self.body = body
        self.isStream = isStream
    }

    /// The first header of that name, in any case.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

extension ChatRequest {
    /// The same request, to be answered by a stream.
    var streamed: ChatRequest {
        var chat = self
        chat.body.set("stream", true)
        return chat
    }
}

/// Looks a response header up by its name in any case.
typealias HeaderLookup = @Sendable (_ name: String) -> String?

/// What is known of a successful answer before its body.
struct ResponseContext: Sendable {
    /// Whether a stream was asked for.
    var isStream: Bool
    /// As sent, parameters included; `nil` if the platform gave none.
    var contentType: String?
    /// The stop strings that were asked for, for platforms that leave them at the end of the text.
    var stops: [String]
    /// As many answers as were asked for (`n`): a stream that ends with fewer was cut.
    var choices = 1
    var calls = CallForm()
    /// The platform's id of the model that was asked, for answers that do not name it.
    var model: String
    var headers: HeaderLookup
    /// Milliseconds since 1970, for answers that do not say when.
    var now: Int64

    init(
        isStream: Bool, contentType: String?, model: String = "", stops: [String] = [], now: Int64 = 0,
        headers: @escaping HeaderLookup = { _ in nil }
    ) {
        self.isStream = isStream
        self.contentType = contentType
        self.model = model
        self.stops = stops
        self.now = now
        self.headers = headers
    }

    /// A whole body.
    func json(_ body: [UInt8]) throws(JobFailure) -> JSON {
        if AnswerForm.opening(body)?.form == .page { throw .webPage }
        do { return try JSON(reading: body) } catch { throw .unreadable("is \(error)") }
    }

    /// What it says of itself: there are servers that say so of everything.
    var isHTML: Bool {
        contentType?.prefix { $0 != ";" }.lowercased() == "text/html"
    }
}

/// An answer read for its failure: its status is not 200…299, or not known to be.
struct UpstreamResponse: Sendable {
    var status: Int
    var headers: HeaderLookup
    /// JSON, HTML of some proxy, or nothing.
    var body: [UInt8]
    /// Milliseconds since 1970, for a `Retry-After` given as a date where there is no `Date` header.
    var now: Int64

    init(status: Int, headers: @escaping HeaderLookup, body: [UInt8], now: Int64) {
        self.status = status
        self.headers = headers
        self.body = body
        self.now = now
    }
}
