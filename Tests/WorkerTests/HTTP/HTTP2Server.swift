import Foundation
import TestSupport

/// A server that speaks nothing but HTTP/2 over TLS, in Python for its `ssl`.
///
/// It answers with status 200 and the body `hi`, and tells which connections open and close. Only the first answers of
/// a connection come to their end.
final class HTTP2Server: Sendable {
    private let certificates: TestCertificates
    private let process: ChildProcess
    let url: String

    var ca: String { certificates.ca }
    var openedConnections: Int { lines("opened").count }
    /// Their numbers, from 1.
    var closedConnections: [Int] { lines("closed") }

    private init(url: String, certificates: TestCertificates, process: ChildProcess) {
        self.url = url
        self.certificates = certificates
        self.process = process
    }

    deinit { process.signal(SIGKILL) }

    /// Listens when it returns.
    static func start(endedAnswers: Int) async throws -> HTTP2Server {
        let certificates = try await TestCertificates.make()
        let port = try FreePort.find()
        let process = try await ChildProcess.start(
            "python3",
            [
                "-uc", script, certificates.serverCertificate, certificates.serverKey, "\(port)",
                "\(endedAnswers)",
            ])
        try await eventually("the HTTP/2 server listens") { process.output.contains("listening") }
        return HTTP2Server(url: "https://127.0.0.1:\(port)/", certificates: certificates, process: process)
    }

    private func lines(_ event: String) -> [Int] {
        process.output.split(separator: "\n").filter { $0.hasPrefix(event) }
            .compactMap { Int($0.dropFirst(event.count + 1)) }
    }

    /// Frames by RFC 9113: settings, then a head (0x88 is status 200) and data for each stream that the client ended.
    private static let script = """
        import socket, ssl, struct, sys, threading
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        context.set_alpn_protocols(["h2"])
        def frame(kind, flags, stream, payload=b""):
            return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
        def take(peer, count):
            data = b""
            while len(data) < count:
                more = peer.recv(count - len(data))
                if not more: raise EOFError
                data += more
            return data
        def serve(peer, number):
            print("opened", number)
            left = int(sys.argv[4])
            try:
                peer = context.wrap_socket(peer, server_side=True)
                take(peer, 24)
                peer.sendall(frame(4, 0, 0))
                while True:
                    head = take(peer, 9)
                    kind, flags, stream = head[3], head[4], struct.unpack(">I", head[5:])[0]
                    take(peer, int.from_bytes(head[:3], "big"))
                    if kind == 4 and not flags & 1: peer.sendall(frame(4, 1, 0))
                    if kind in (0, 1) and flags & 1:
                        peer.sendall(frame(1, 4, stream, b"\\x88") + frame(0, int(left > 0), stream, b"hi"))
                        left -= 1
            except (EOFError, OSError): print("closed", number)
        listener = socket.create_server(("127.0.0.1", int(sys.argv[3])))
        print("listening")
        number = 0
        while True:
            number += 1
            threading.Thread(target=serve, args=(listener.accept()[0], number), daemon=True).start()
        """
}
