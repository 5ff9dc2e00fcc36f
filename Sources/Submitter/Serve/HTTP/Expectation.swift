import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// Meets `Expect: 100-continue`, by which a caller sends its body only when it is told to.
///
/// It is told so when a handler begins to read the body. A request that is refused by its head alone is therefore
/// answered at once, and sends none. 417 for any other expectation.
enum Expectation {
    static func met(in request: Request, by channel: any Channel) throws(APIError) -> Request {
        guard let expected = request.headers[.expect] else { return request }
        guard expected.lowercased() == "100-continue" else {
            throw APIError(
                .expectationFailed, .invalidRequest, code: "unsupported_expectation",
                "The only Expect header that is understood is 100-continue.", param: "Expect")
        }
        var request = request
        request.body = RequestBody(asyncSequence: AskedFor(body: request.body, channel: channel))
        return request
    }
}

/// A body that is asked for when its first piece is.
private struct AskedFor: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBody
    let channel: any Channel

    struct Iterator: AsyncIteratorProtocol {
        let body: RequestBody
        let channel: any Channel
        var pieces: RequestBody.AsyncIterator?

        @concurrent mutating func next() async throws -> ByteBuffer? {
            var pieces: RequestBody.AsyncIterator
            if let begun = self.pieces {
                pieces = begun
            } else {
                try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
                pieces = body.makeAsyncIterator()
            }
            defer { self.pieces = pieces }
            return try await pieces.next()
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(body: body, channel: channel) }
}
