import NIOCore

/// Writes the first letter of the answer that is still to come, and takes it off when that comes.
///
/// A caller that closed its sending half looks like one that is gone until something is written. Only the system of one
/// that is gone answers with a reset. Every answer begins with this letter, so a caller that waits has lost nothing.
final class StatusLineStart: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    func handlerAdded(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer(string: "H"))), promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(var bytes) = unwrapOutboundIn(data), bytes.readableBytes > 0 else {
            context.write(data, promise: promise)
            return
        }
        bytes.moveReaderIndex(forwardBy: 1)
        context.write(wrapOutboundOut(.byteBuffer(bytes)), promise: promise)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
