import Foundation
import Glibc
import Synchronization

/// A private redis-server on a free port of 127.0.0.1, with its data in a temporary directory.
///
/// It can be killed and started again on the same port with the same data, and stopped in its tracks.
package final class RedisServer: Sendable {
    private let directory: TemporaryDirectory
    private let options: [String]
    private let password: String?
    private let certificates: TestCertificates?
    private let process: Mutex<ChildProcess>
    package let port: Int

    private init(
        directory: TemporaryDirectory, options: [String], password: String?, certificates: TestCertificates?, port: Int,
        process: ChildProcess
    ) {
        self.directory = directory
        self.options = options
        self.password = password
        self.certificates = certificates
        self.port = port
        self.process = Mutex(process)
    }

    /// Options that the caller's may override.
    private static let defaults = [
        "--stream-node-max-bytes", "1024", "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
    ]

    /// Starts a server and waits until it serves.
    ///
    /// `options`: as on redis-server's command line, `"--maxmemory", "1mb"`. With `certificates` it speaks only TLS,
    /// and wants a client certificate.
    package static func start(
        _ options: String..., password: String? = nil, certificates: TestCertificates? = nil
    ) async throws -> RedisServer {
        let directory = try TemporaryDirectory()
        // Between finding a free port and using it somebody else may take it.
        for _ in 0..<10 {
            let port = try FreePort.find()
            let process = try await launch(
                arguments(directory, defaults + options, password, certificates, port: port))
            do {
                try await process.waitForOutput(containing: ready)
            } catch is ChildEnded where process.output.contains("Address already in use") {
                continue
            }
            return RedisServer(
                directory: directory, options: defaults + options, password: password, certificates: certificates,
                port: port, process: process)
        }
        throw FreePort.NoneFree()
    }

    package var url: String {
        let scheme = certificates == nil ? "redis" : "rediss"
        return "\(scheme)://\(password.map { ":\($0)@" } ?? "")127.0.0.1:\(port)"
    }

    package var pid: Int32 { process.withLock { $0.pid } }

    // MARK: - Faults

    /// Kills the server and waits until it is gone.
    package func kill9() async throws {
        let process = process.withLock { $0 }
        process.signal(SIGKILL)
        _ = try await process.wait()
    }

    /// Starts the server again, on its port and with its data.
    ///
    /// It must have been killed or stopped before.
    ///
    /// `isReady: false` returns without waiting for the data to be loaded.
    package func restart(_ more: String..., isReady: Bool = true) async throws {
        let next = try await Self.launch(
            Self.arguments(directory, options + more, password, certificates, port: port))
        process.withLock { $0 = next }
        if isReady { try await next.waitForOutput(containing: Self.ready) }
    }

    /// Stops the server in its tracks: connections stay open, nothing is answered.
    package func pause() { process.withLock { $0 }.signal(SIGSTOP) }
    package func resume() { process.withLock { $0 }.signal(SIGCONT) }

    /// Ends the server in good order, or, where that takes too long, otherwise.
    package func stop() async {
        let process = process.withLock { $0 }
        process.signal(SIGCONT)
        do { try await process.stop() } catch {
            // It was never started, so there is nothing to stop.
        }
    }

    // MARK: - Command line

    private static let ready = "Ready to accept connections"

    private static func launch(_ arguments: [String]) async throws -> ChildProcess {
        try await ChildProcess.start("redis-server", arguments)
    }

    private static func arguments(
        _ directory: TemporaryDirectory, _ options: [String], _ password: String?, _ certificates: TestCertificates?,
        port: Int
    ) -> [String] {
        let base = ["--bind", "127.0.0.1", "--dir", directory.path, "--daemonize", "no"]
        let access = password.map { ["--requirepass", $0] } ?? []
        guard let certificates else { return base + ["--port", "\(port)"] + access + options }
        let tls = [
            "--port", "0", "--tls-port", "\(port)", "--tls-ca-cert-file", certificates.ca, "--tls-cert-file",
            certificates.serverCertificate, "--tls-key-file", certificates.serverKey,
        ]
        return base + tls + access + options
    }
}
