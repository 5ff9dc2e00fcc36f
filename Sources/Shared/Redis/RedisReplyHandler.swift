import NIOCore

/// The channel handler of a Redis connection: bytes to replies, in order.
///
/// In: whatever TCP delivers. Out: `onReply` per reply and `onClose` once, both on the event loop.
final class RedisReplyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let parser: RedisReplyParser
    private let onReply: (RedisValue) -> Void
    private let onClose: (RedisError) -> Void
    private var failure: RedisError?

    init(
        maxReplyBytes: Int, onReply: @escaping (RedisValue) -> Void, onClose: @escaping (RedisError) -> Void
    ) throws(RedisError) {
        parser = try RedisReplyParser(maxReplyBytes: maxReplyBytes)
        self.onReply = onReply
        self.onClose = onClose
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        guard failure == nil else { return }
        do throws(RedisError) {
            try feed(buffer)
            while let reply = try parser.next() { onReply(reply) }
        } catch {
            failure = error
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? RedisError(.connectionLost, "the connection failed: \(type(of: error))")
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        onClose(failure ?? RedisError(.connectionLost, "the connection to the server was lost"))
        context.fireChannelInactive()
    }

    private func feed(_ buffer: ByteBuffer) throws(RedisError) {
        var result: Result<Void, RedisError> = .success(())
        // unsafe: the bytes are copied by the parser before the closure ends.
        unsafe buffer.withUnsafeReadableBytes { bytes in
            do throws(RedisError) { try unsafe parser.feed(bytes) } catch { result = .failure(error) }
        }
        try result.get()
    }
}
