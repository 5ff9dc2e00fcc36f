import Foundation
import TestSupport

/// `openssl s_server` with a certificate for 127.0.0.1: answers each GET with a page about the connection.
final class TLSServer: Sendable {
    let port: Int
    private let certificates: TestCertificates
    private let process: ChildProcess

    var ca: String { certificates.ca }
    var url: String { "https://127.0.0.1:\(port)/" }

    private init(port: Int, certificates: TestCertificates, process: ChildProcess) {
        self.port = port
        self.certificates = certificates
        self.process = process
    }

    deinit { process.signal(SIGKILL) }

    /// Listens when it returns.
    static func start() async throws -> TLSServer {
        let certificates = try await TestCertificates.make()
        let port = try FreePort.find()
        let process = try await ChildProcess.start(
            "openssl",
            [
                "s_server", "-accept", "\(port)", "-cert", certificates.serverCertificate, "-key",
                certificates.serverKey,
                "-www",
            ])
        try await eventually("openssl accepts connections") { process.output.contains("ACCEPT") }
        return TLSServer(port: port, certificates: certificates, process: process)
    }
}
