import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Sets up the pipeline of one connection: Hummingbird's, with a handler of ours where HTTP's version is still known.
struct ShimChannel: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: HTTPChannelHandler.Responder
    let connections: CallerConnections
    let idleTimeout: Duration
    let maxDrained: Int

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = HTTPRefusal.maxHeaderBytes
            limits.maxHeaderListSize = HTTPRefusal.maxHeaderBytes
            limits.maxHeaderFieldCount = 1000
            var encoder = HTTPResponseEncoder.Configuration()
            encoder.automaticallySetFramingHeaders = false
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: encoder, withDecoderLimitConfiguration: limits)
            try pipeline.addHandler(ConnectionHandler(connections, maxDrained: maxDrained))
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: idleTimeout, logger: logger))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}

extension Channel {
    /// Turns TCP keep-alive on for callers that are silent for `interval`.
    ///
    /// Connections inherit it from their listener. It is the only sign of a caller that closed its half and died later,
    /// while there is nothing to write to it.
    func probesCallers(every interval: Duration) async throws {
        let seconds = Int(clamping: max(1, interval.components.seconds))
        try await setOption(.socketOption(.so_keepalive), value: 1).get()
        for name in [TCP_KEEPIDLE, TCP_KEEPINTVL] {
            try await setOption(.tcpOption(.init(rawValue: name)), value: seconds).get()
        }
    }
}
