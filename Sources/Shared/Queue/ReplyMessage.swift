package import NIOCore

/// A message on a shim's channel: `<id> <entry-id> <prev-id> <kind>[ <status>]` LF body.
///
/// The fast path beside the log: it may be lost or come twice, so it names the record before it (`prev`), and a reader
/// that has not seen that one reads the log. The body of a message that came alone is a slice of what was received.
package struct ReplyMessage: Sendable, Equatable {
    package enum Body: Sendable, Equatable {
        /// One or more chunks, separated by line feeds.
        case delta(ByteBuffer)
        /// A reaper started another attempt.
        case restart
        case end(RequestEnd)
        /// Another shim has taken over this request's caller.
        case resumed
        /// A record of so many bytes, too large for a message: it is to be read in the log.
        case large(bytes: Int)
    }

    /// Ends the name of a shim that takes several records in one message.
    package static let together = "+"

    package let request: String
    package let id: RequestLogID
    package let prev: RequestLogID
    package let body: Body

    package init(request: String, id: RequestLogID, prev: RequestLogID, body: Body) {
        self.request = request
        self.id = id
        self.prev = prev
        self.body = body
    }

    /// The messages of one publication: one, or several after a line with `*`, each behind its length and a line feed.
    ///
    /// One that cannot be read is left out, and so is everything behind a length that is wrong. Each of several has
    /// bytes of its own, or one that waits for a slow caller would keep them all.
    package static func all(in payload: ByteBuffer) -> [ReplyMessage] {
        guard payload.readableBytesView.starts(with: "*\n".utf8) else {
            return [ReplyMessage(payload)].compactMap { $0 }
        }
        var (payload, messages) = (payload, [ReplyMessage]())
        payload.moveReaderIndex(forwardBy: 2)
        while let length = line(&payload).flatMap(RequestLogID.number),
            let bytes = payload.readSlice(length: Int(clamping: length))
        {
            if let message = ReplyMessage(ByteBuffer(bytes: bytes.readableBytesView)) { messages.append(message) }
        }
        return messages
    }

    /// `nil` for anything that is not such a message: a newer version's, or a stranger's.
    package init?(_ message: ByteBuffer) {
        var message = message
        guard let line = Self.line(&message) else { return nil }
        let words = line.split(separator: UInt8(ascii: " "))
        guard words.count >= 4, let id = Self.id(words[1]), let prev = Self.id(words[2]), let kind = words[3].first,
            words[3].count == 1
        else { return nil }
        request = String(decoding: words[0], as: UTF8.self)
        self.id = id
        self.prev = prev
        switch kind {
        case UInt8(ascii: "d"): body = .delta(message)
        case UInt8(ascii: "s"): body = .restart
        case UInt8(ascii: "r"): body = .resumed
        case UInt8(ascii: "p"):
            guard words.count == 5, let bytes = RequestLogID.number(words[4]) else { return nil }
            body = .large(bytes: Int(clamping: bytes))
        case UInt8(ascii: "e"):
            guard words.count == 5, let end = Self.end(String(decoding: words[4], as: UTF8.self), message) else {
                return nil
            }
            body = .end(end)
        default: return nil
        }
    }

    /// The message that tells the first shim of a request that its caller came back elsewhere.
    package static func resumed(_ request: String) -> String { "\(request) 0-0 0-0 r\n" }

    private static func end(_ status: String, _ rest: ByteBuffer) -> RequestEnd? {
        var rest = rest
        guard let status = JobQueue.End.Status(rawValue: status),
            let length = rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")).map({ $0 - rest.readerIndex }),
            let meta = rest.readSlice(length: length), rest.readSlice(length: 1) != nil
        else { return nil }
        return RequestEnd(status: status, meta: meta, result: rest)
    }

    private static func line(_ buffer: inout ByteBuffer) -> ByteBufferView? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = buffer.readableBytesView[..<end]
        buffer.moveReaderIndex(to: end + 1)
        return line
    }

    private static func id(_ word: ByteBufferView) -> RequestLogID? {
        guard let dash = word.firstIndex(of: UInt8(ascii: "-")), let attempt = RequestLogID.number(word[..<dash]),
            let seq = RequestLogID.number(word[(dash + 1)...])
        else { return nil }
        return RequestLogID(attempt: attempt, seq: seq)
    }
}
