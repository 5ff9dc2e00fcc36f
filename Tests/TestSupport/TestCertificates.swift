/// A certificate authority made for one test, and certificates it signed: for a server on 127.0.0.1 and for a client.
package struct TestCertificates: Sendable {
    private let directory: TemporaryDirectory

    package var ca: String { directory.file("ca.pem") }
    package var serverCertificate: String { directory.file("server.pem") }
    package var serverKey: String { directory.file("server.key") }
    package var clientCertificate: String { directory.file("client.pem") }
    package var clientKey: String { directory.file("client.key") }

    /// Needs the `openssl` program.
    package static func make() async throws -> TestCertificates {
        let made = TestCertificates(directory: try TemporaryDirectory())
        try await made.request("ca", ["-subj", "/CN=test authority"])
        for name in ["server", "client"] {
            try await made.request(
                name,
                [
                    "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-CA", made.ca,
                    "-CAkey", made.directory.file("ca.key"), "-addext", "basicConstraints=critical,CA:FALSE",
                ])
        }
        return made
    }

    /// A key and a certificate for it in `<name>.key` and `<name>.pem`.
    private func request(_ name: String, _ options: [String]) async throws {
        let openssl = try await ChildProcess.start(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-keyout", directory.file("\(name).key"), "-out", directory.file("\(name).pem"),
            ] + options)
        let exit = try await openssl.wait()
        guard exit == .code(0) else {
            throw ChildEnded(wanted: "a certificate", exit: exit, errors: openssl.errors)
        }
    }
}
