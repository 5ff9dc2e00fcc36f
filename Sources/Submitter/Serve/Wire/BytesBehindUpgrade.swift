import NIOCore

/// Throws away all bytes after a request that asked for another protocol.
///
/// It stands before NIO's decoder, which reads nothing behind such a request and would keep all of it.
final class BytesBehindUpgrade: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}
