import Shared

/// The address of the HTTP server.
struct ListenSettings: Sendable {
    var host = "127.0.0.1"
    var port = 8007

    init() {}

    init(_ settings: inout Settings) {
        host = settings.text(
            "SERVICE_HOST", default: host, "Address to listen on; without authentication keep it a loopback address.")
        port = settings.int("SERVICE_PORT", default: port, in: 0...65_535, "Port to listen on; 0 takes any free one.")
    }
}
