import NIOCore
import Shared

/// One direction of one proxied connection: does what `FaultProxy.judge` says with the bytes it reads, in order.
final class FaultPipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let proxy: FaultProxy
    private let isRequests: Bool
    private let peer: any Channel
    /// When the bytes before these arrive at the other side: nothing overtakes them.
    private var busyUntil = NIODeadline.now()

    init(_ proxy: FaultProxy, isRequests: Bool, to peer: any Channel) {
        self.proxy = proxy
        self.isRequests = isRequests
        self.peer = peer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        switch proxy.judge(requests: isRequests, bytes.readableBytes) {
        case .pass(let delay):
            pass(bytes, after: delay, context.eventLoop)
        case .passThenCut(let count):
            if let part = bytes.readSlice(length: count) { pass(part, after: .zero, context.eventLoop) }
            cut(context)
        case .cut: cut(context)
        case .swallow: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        later(context.eventLoop) { [peer] in peer.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func cut(_ context: ChannelHandlerContext) {
        context.close(promise: nil)
        later(context.eventLoop) { [peer] in peer.close(promise: nil) }
    }

    private func pass(_ bytes: ByteBuffer, after delay: Duration, _ eventLoop: any EventLoop) {
        busyUntil = max(busyUntil, .now()) + .nanoseconds(Int64(delay.seconds * 1e9))
        var bytes = bytes
        while let piece = bytes.readSlice(length: proxy.isByteByByte ? 1 : bytes.readableBytes), piece.readableBytes > 0
        {
            later(eventLoop) { [peer] in peer.writeAndFlush(piece, promise: nil) }
        }
    }

    private func later(_ eventLoop: any EventLoop, _ action: @escaping @Sendable () -> Void) {
        if busyUntil <= .now() {
            eventLoop.execute(action)
        } else {
            eventLoop.scheduleTask(deadline: busyUntil, action)
        }
    }
}
