import CHiredis

/// hiredis' reply reader: bytes in, `RedisValue`s out.
///
/// hiredis 0.14 refuses nesting below depth 7 by itself. The size of an unfinished reply, and the number of elements
/// that an array may announce, are bounded here. After an error the connection must be closed: the parser cannot go on.
///
/// Not Sendable: it lives on one event loop, inside its channel handler. The only file that touches hiredis.
@safe final class RedisReplyParser {
    private let reader: UnsafeMutablePointer<redisReader>
    /// hiredis' functions with a bounded `createArray`, at which the reader points.
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let maxReplyBytes: Int
    private var unfinishedBytes = 0

    init(maxReplyBytes: Int) throws(RedisError) {
        // unsafe: hiredis hands out an owned pointer, which is freed in deinit and never leaves this class.
        guard let reader = unsafe redisReaderCreate() else {
            throw RedisError(.protocolViolation, "the reply parser could not be made")
        }
        unsafe self.reader = reader
        unsafe functions = Self.boundArrays(of: reader)
        self.maxReplyBytes = maxReplyBytes
    }

    deinit {
        unsafe redisReaderFree(reader)
        unsafe functions.deallocate()
    }

    /// hiredis reserves room for an array by its announced length, 8 bytes each.
    ///
    /// Without a bound, 13 bytes of a broken server take 16 GB. No command of this service is answered with more than
    /// some thousand elements.
    private static let maxElements: Int32 = 1 << 20

    // unsafe: hiredis' own table is static and outlives every reader, which hands it back as `privdata`.
    private static func boundArrays(
        of reader: UnsafeMutablePointer<redisReader>
    ) -> UnsafeMutablePointer<redisReplyObjectFunctions> {
        let bounded = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        guard let original = unsafe reader.pointee.fn else {
            preconditionFailure("hiredis makes no reader without them")
        }
        unsafe bounded.initialize(to: original.pointee)
        unsafe bounded.pointee.createArray = { task, elements in
            guard elements <= RedisReplyParser.maxElements, let original = unsafe task?.pointee.privdata else {
                return nil
            }
            return unsafe original.assumingMemoryBound(to: redisReplyObjectFunctions.self).pointee
                .createArray(task, elements)
        }
        unsafe reader.pointee.privdata = UnsafeMutableRawPointer(original)
        unsafe reader.pointee.fn = bounded
        return unsafe bounded
    }

    func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        guard let base = bytes.baseAddress else { return }
        unfinishedBytes += bytes.count
        guard unfinishedBytes <= maxReplyBytes else {
            throw RedisError(.replyTooLarge, "a reply is larger than \(maxReplyBytes) bytes")
        }
        // unsafe: hiredis copies the bytes before it returns.
        guard unsafe redisReaderFeed(reader, base.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK else {
            throw failure
        }
    }

    /// The next complete reply, or `nil` if more bytes are needed.
    func next() throws(RedisError) -> RedisValue? {
        var reply: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &reply) == REDIS_OK else { throw failure }
        guard let reply = unsafe reply else { return nil }
        // unsafe: the reply tree is ours until it is freed here, and everything is copied out of it first.
        defer { unsafe freeReplyObject(reply) }
        unfinishedBytes = 0
        return unsafe Self.value(reply.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private var failure: RedisError {
        RedisError(.protocolViolation, "the server's reply is not Redis' protocol")
    }

    // unsafe: reads the union-like struct only as far as its type says is valid.
    private static func value(_ reply: redisReply) -> RedisValue {
        switch unsafe reply.type {
        case REDIS_REPLY_INTEGER: return unsafe .integer(reply.integer)
        case REDIS_REPLY_STATUS: return unsafe .status(String(decoding: bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ERROR: return unsafe .error(String(decoding: bytes(reply), as: UTF8.self))
        case REDIS_REPLY_STRING: return unsafe .bulk(bytes(reply))
        case REDIS_REPLY_ARRAY:
            var values: [RedisValue] = []
            unsafe values.reserveCapacity(Int(reply.elements))
            for index in unsafe 0..<Int(reply.elements) {
                guard let element = unsafe reply.element[index] else { continue }
                unsafe values.append(value(element.pointee))
            }
            return .list(values)
        default: return .null
        }
    }

    private static func bytes(_ reply: redisReply) -> [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len)))
    }
}
