import NIOCore
import NIOHTTP1

/// Keeps HTTP's rules on one connection, between NIO's codec and the server: the I/O around `HTTPExchanges`.
///
/// It frames answers for their callers, closes after the last one so that it arrives, answers bytes that are no
/// request, tells `CallerConnection` when the caller may be gone, and measures how long a body takes.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let connections: CallerConnections
    private var exchanges: HTTPExchanges
    private var connection: CallerConnection?
    private var isReading = false
    /// The request that is being read asks for another protocol.
    private var asksForUpgrade = false
    /// The last answer is written, and everything that still comes is thrown away.
    private var isClosing = false
    private var thrownAway = 0
    /// The refusal of bytes that are no request, while the answers before it are due.
    private var refusal: APIError?

    init(_ connections: CallerConnections, maxDrained: Int) {
        self.connections = connections
        exchanges = HTTPExchanges(maxDrained: maxDrained)
    }

    func handlerAdded(context: ChannelHandlerContext) { connection = connections.opened(context.channel) }

    func channelInactive(context: ChannelHandlerContext) {
        connections.closed(context.channel)
        context.fireChannelInactive()
    }

    // MARK: - In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        watchForUpgrade(part, context)
        guard !isClosing else { return throwAway(part, context) }
        switch part {
        case .head(var head):
            exchanges.asked(head)
            guard head.isHTTP10, head.headers.contains(name: "expect") else { break }
            // A caller of HTTP/1.0 cannot have meant it.
            head.headers.remove(name: "expect")
            return context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body: break
        case .end: exchanges.askedWhole()
        }
        context.fireChannelRead(data)
    }

    /// Nothing behind such a request is read.
    private func watchForUpgrade(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head): asksForUpgrade = head.asksForUpgrade
        case .end where asksForUpgrade:
            do {
                try context.pipeline.syncOperations.addHandler(BytesBehindUpgrade(), position: .first)
            } catch { context.fireErrorCaught(error) }
        case .body, .end: break
        }
    }

    /// Takes the time of requests in several pieces, while most arrive in one.
    func channelReadComplete(context: ChannelHandlerContext) {
        if exchanges.isReceiving != isReading {
            isReading = exchanges.isReceiving
            connection?.isReading(isReading)
        }
        context.fireChannelReadComplete()
    }

    private func throwAway(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        if case .body(let bytes) = part { thrownAway += bytes.readableBytes }
        if thrownAway > exchanges.maxDrained { context.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: inputClosed(context)
        case let slow as SlowBody: return bodyBrokeOff(slow, context)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// The caller sends no more.
    ///
    /// It may be gone, or wait for its answer: a write finds out (docs/decisions/010-a-closed-half-is-no-goodbye.md).
    private func inputClosed(_ context: ChannelHandlerContext) {
        if exchanges.awaitsAnswer {
            do {
                try context.pipeline.syncOperations.addHandler(StatusLineStart(), position: .first)
            } catch { context.fireErrorCaught(error) }
        } else if exchanges.isAsked {
            connection?.callerClosedItsHalf()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        guard !isClosing else { return }
        if exchanges.isReceiving {
            bodyBrokeOff(error, context)
        } else if exchanges.isAsked {
            refusal = HTTPRefusal.error(error)
        } else {
            refuse(HTTPRefusal.error(error), context)
        }
    }

    /// Tells the handler that reads the body, if any: the answer may have been given before.
    private func bodyBrokeOff(_ error: any Error, _ context: ChannelHandlerContext) {
        guard exchanges.isAsked else { return context.close(promise: nil) }
        exchanges.brokeOff()
        context.fireErrorCaught(error)
    }

    private func refuse(_ error: APIError, _ context: ChannelHandlerContext) {
        for part in HTTPRefusal.parts(error, requestID: ErrorMiddleware.newRequestID()) {
            context.write(wrapOutboundOut(part), promise: nil)
        }
        context.flush()
        end(context)
    }

    // MARK: - Out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            exchanges.answer(&head)
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body:
            guard exchanges.sendsBody else {
                promise?.succeed()
                return
            }
            context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            if exchanges.answered() {
                context.flush()
                end(context)
            } else if let refusal, !exchanges.isAsked {
                refuse(refusal, context)
            }
        }
    }

    /// Closes our half only.
    ///
    /// Closing both over unread bytes would reset the connection, and the answer may be lost on its way. The caller
    /// closes the other half, or `IDLE_TIMEOUT` does.
    private func end(_ context: ChannelHandlerContext) {
        isClosing = true
        context.close(mode: .output, promise: nil)
    }
}
