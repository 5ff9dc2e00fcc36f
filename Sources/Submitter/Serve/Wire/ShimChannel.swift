import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// The pipeline of one connection: Hummingbird's, with a handler of ours where the version of HTTP is still known.
struct ShimChannel: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: HTTPChannelHandler.Responder
    let connections: Connections
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
    /// Has the system look whether callers are there that are silent for `interval`; connections inherit it from their listener.
    ///
    /// A caller that closed its half and died later leaves no other sign while there is nothing to write to it.
    func probesCallers(every interval: Duration) async throws {
        let seconds = Int(clamping: max(1, interval.components.seconds))
        try await setOption(.socketOption(.so_keepalive), value: 1).get()
        for name in [TCP_KEEPIDLE, TCP_KEEPINTVL] {
            try await setOption(.tcpOption(.init(rawValue: name)), value: seconds).get()
        }
    }
}
