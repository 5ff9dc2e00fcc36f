import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections: TCP, then TLS where asked.
///
/// It also has the commands that make a fresh connection usable.
struct RedisConnector: Sendable {
    let configuration: RedisConfiguration
    let name: String

    /// A connected channel whose handler was made on its event loop.
    func connect(
        to address: RedisAddress, within timeout: Duration? = nil, on eventLoop: any EventLoop,
        handler: @escaping @Sendable () throws -> RedisReplyHandler
    ) async throws(RedisError) -> any Channel {
        let tls: NIOSSLContext?
        do { tls = try configuration.tls.map { try NIOSSLContext(configuration: $0) } } catch {
            throw RedisError(.configuration, "the TLS settings are not usable")
        }
        let patience = timeout ?? configuration.connectTimeout
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(.milliseconds(patience.milliseconds))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(tlsHandler(tls, address.host)) }
                    try channel.pipeline.syncOperations.addHandler(try handler())
                }
            }
        do {
            return try await bootstrap.connect(host: address.host, port: address.port).get()
        } catch {
            throw RedisError(.notConnected, "cannot connect to \(address): \(type(of: error))")
        }
    }

    /// The answers of one server, over a connection that exists for no longer than that.
    ///
    /// Error answers are thrown.
    func ask(
        _ commands: [RedisCommand], of address: RedisAddress, within timeout: Duration, on eventLoop: any EventLoop
    ) async throws(RedisError) -> [RedisValue] {
        let link = RedisLink(eventLoop) { _ in }
        let tooLate = RedisError(.timeout, "\(address) does not answer in time")
        let bell = eventLoop.scheduleTask(in: .milliseconds(2 * timeout.milliseconds)) { link.close(because: tooLate) }
        defer {
            bell.cancel()
            link.closeFromAnywhere(because: RedisError(.connectionLost, "the connection was closed"))
        }
        let maxReplyBytes = configuration.maxReplyBytes
        link.attach(
            try await connect(to: address, within: timeout, on: eventLoop) { try link.makeHandler(maxReplyBytes) })
        let call = RedisCall(expected: commands.count, deadline: .now + timeout)
        var bytes = ByteBuffer()
        for command in commands { command.write(to: &bytes) }
        eventLoop.execute { [bytes] in link.send(bytes, for: [call]) {} }
        let replies = try await call.wait().get()
        for reply in replies { try reply.throwIfError() }
        return replies
    }

    /// AUTH, SELECT, CLIENT SETNAME, PING: each must be answered well before the connection is used.
    ///
    /// PING is the one that a server refuses while it loads its data (`LOADING`) or has lost its master (`MASTERDOWN`).
    var greeting: [RedisCommand] {
        var commands: [RedisCommand] = []
        if let password = configuration.password?.reveal() {
            let user: [RedisArgument] = configuration.user.map { [.string($0)] } ?? []
            commands.append(RedisCommand("AUTH", user + [.string(password)]))
        }
        if configuration.database != 0 { commands.append(RedisCommand("SELECT", .int(configuration.database))) }
        commands.append(RedisCommand("CLIENT", "SETNAME", .string(name)))
        commands.append(RedisCommand("PING"))
        return commands
    }

    private func tlsHandler(_ context: NIOSSLContext, _ host: String) throws -> NIOSSLClientHandler {
        // A name is verified and sent as SNI. An address cannot be sent.
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}

/// Pauses between attempts to connect: doubling, with full jitter, reset by success.
struct RedisBackoff {
    let configuration: RedisConfiguration
    private var failures = 0

    init(_ configuration: RedisConfiguration) { self.configuration = configuration }

    mutating func succeeded() { failures = 0 }

    mutating func pause(random: Double = .random(in: 0.1...1)) -> Duration {
        let ceiling = min(configuration.backoff * (1 << min(failures, 16)), configuration.maxBackoff)
        failures += 1
        return ceiling * random
    }
}
