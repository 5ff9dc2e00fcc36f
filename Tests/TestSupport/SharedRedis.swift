/// One Redis server for all tests of this process that need no faults.
///
/// Each test uses keys of its own.
///
/// Started by the first test that asks. It dies with the process.
package struct SharedRedis: Sendable {
    package static let shared = SharedRedis()

    private let server = Task { try await RedisServer.start() }

    package var url: String {
        get async throws { try await server.value.url }
    }
}
