import Shared

/// A request as an adapter builds it.
///
/// `PlatformCaller` turns it into an `HTTPRequest`.
struct UpstreamRequest: Sendable {
    var method = "POST"
    var url: String
    /// In the order they are sent, and never logged, since the credential is among them.
    var headers: [(name: String, value: String)]
    var body: [UInt8]
    /// The platform is asked for a stream, even where the caller wants one document.
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
    /// The same request, asking for a stream.
    var streamed: ChatRequest {
        var chat = self
        chat.body.set("stream", true)
        return chat
    }
}

/// Looks a response header up by its name in any case.
typealias HeaderLookup = @Sendable (_ name: String) -> String?

/// The facts about a successful response that are known before its body.
struct ResponseContext: Sendable {
    /// The caller asked for a stream.
    var isStream: Bool
    /// As sent, parameters included, `nil` if the platform gave none.
    var contentType: String?
    /// The stop sequences of the request, for platforms that leave them at the end of the text.
    var stops: [String]
    /// The number of answers asked for (`n`), with fewer of which a stream was cut.
    var choices = 1
    var calls = CallForm()
    /// The platform's id of the model that was asked, for responses that do not name it.
    var model: String
    var headers: HeaderLookup
    /// Milliseconds since 1970, for responses without a time.
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

    /// Parses a whole body.
    func json(_ body: [UInt8]) throws(JobFailure) -> JSON {
        if AnswerForm.opening(body)?.form == .page { throw .webPage }
        do { return try JSON(reading: body) } catch { throw .unreadable("is \(error)") }
    }

    /// The content type is HTML, which some servers declare for every response.
    var isHTML: Bool {
        contentType?.prefix { $0 != ";" }.lowercased() == "text/html"
    }
}

/// A whole response, read for the failure or the token in it.
///
/// Its status need not be 200…299.
struct UpstreamResponse: Sendable {
    var status: Int
    var headers: HeaderLookup
    /// JSON, a proxy's HTML, or nothing.
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
