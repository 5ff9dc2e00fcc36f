import Foundation
import Glibc
package import Shared
import Synchronization

/// A private PostgreSQL cluster in a temporary directory.
///
/// It listens on a free port of 127.0.0.1 and on a socket in that directory.
///
/// Every test makes a schema of its own (`createSchema`), so that all run in parallel. Unless it is durable, an
/// immediate stop loses the last commits. PostgreSQL refuses to run as root: then it runs as the user `postgres`.
package actor PostgresServer {
    package enum StopMode: Sendable {
        /// Waits for nobody, writes a checkpoint.
        case fast
        /// As if the machine had lost power.
        case immediate
    }

    package nonisolated let port: Int
    private let directory: TemporaryDirectory
    private let isDurable: Bool
    private var process: ChildProcess?
    private var schemas = 0

    private static let binaries = [
        "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin",
    ]
    private static let user: String? = getuid() == 0 ? "postgres" : nil

    /// A running server.
    ///
    /// It ends with the last reference to it, or with the test process.
    package static func start(isDurable: Bool = false) async throws -> PostgresServer {
        let directory = try TemporaryDirectory()
        leftovers.add(directory.path)
        if let user { try directory.give(to: user) }
        let initdb = try await ChildProcess.start(
            program("initdb"),
            ["-D", directory.file("data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            user: user)
        guard try await initdb.wait() == .code(0) else { throw PostgresServerError.noCluster(initdb.errors) }
        // Between finding a free port and using it somebody else may take it.
        for _ in 0..<10 {
            let server = PostgresServer(port: try FreePort.find(), directory: directory, isDurable: isDurable)
            do {
                try await server.start()
                return server
            } catch let end as ChildEnded where end.errors.contains("Address already in use") {
                continue
            }
        }
        throw FreePort.NoneFree()
    }

    private init(port: Int, directory: TemporaryDirectory, isDurable: Bool) {
        self.port = port
        self.directory = directory
        self.isDurable = isDurable
    }

    package nonisolated func url(user: String = "postgres") -> String {
        "postgresql://\(user)@127.0.0.1:\(port)/postgres"
    }

    /// A URL whose user sees an empty schema of its own, and no other: a database apiece would cost a second each.
    package func createSchema() async throws -> String {
        schemas += 1
        let name = "test_\(schemas)"
        let admin = PostgresConnection(PostgresConfiguration(url: Secret(url())))
        try await admin.script(
            """
            CREATE ROLE \(name) SUPERUSER LOGIN;
            CREATE SCHEMA \(name) AUTHORIZATION \(name);
            ALTER ROLE \(name) SET search_path = \(name)
            """)
        await admin.disconnect()
        return url(user: name)
    }

    /// Starts it again after `stop`, with the same data.
    ///
    /// Returns once it takes connections.
    package func start() async throws {
        let durability = isDurable ? "on" : "off"
        let process = try await ChildProcess.start(
            Self.program("postgres"),
            [
                "-D", directory.file("data"), "-p", String(port), "-k", directory.path, "-c",
                "listen_addresses=127.0.0.1",
                "-c", "fsync=\(durability)", "-c", "synchronous_commit=\(durability)", "-c",
                "full_page_writes=\(durability)",
                "-c", "max_connections=200", "-c", "shared_buffers=32MB",
            ], user: Self.user)
        try await process.waitForOutput(
            containing: "database system is ready to accept connections", timeout: .seconds(60))
        self.process = process
    }

    /// Ends the server and returns once it is gone.
    ///
    /// Its data stay.
    package func stop(_ mode: StopMode = .immediate) async throws {
        process?.signal(mode == .fast ? SIGINT : SIGQUIT)
        _ = try await process?.wait()
        process = nil
    }

    /// Stops one of the server's processes in its tracks: its connection stays open, and nothing is answered.
    package nonisolated func pause(pid: Int) { kill(pid_t(pid), SIGSTOP) }
    package nonisolated func resume(pid: Int) { kill(pid_t(pid), SIGCONT) }

    private static func program(_ name: String) -> String {
        binaries.map { $0 + "/" + name }.first { FileManager.default.isExecutableFile(atPath: $0) } ?? name
    }
}

/// Directories of servers that live as long as the process.
///
/// Nobody releases those at exit, and each holds tens of megabytes.
private let leftovers = Leftovers()

private final class Leftovers: Sendable {
    private let paths = Mutex<[String]>([])

    init() { atexit { leftovers.remove() } }

    func add(_ path: String) { paths.withLock { $0.append(path) } }

    private func remove() {
        // Gone already, or nobody left to tell.
        for path in paths.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
    }
}

package enum PostgresServerError: Error { case noCluster(String) }

/// The server that all tests of a process share, started by the first that asks.
package actor SharedPostgres {
    package static let shared = SharedPostgres()

    private var starting: Task<PostgresServer, any Error>?

    package var server: PostgresServer {
        get async throws {
            if let starting { return try await starting.value }
            let starting = Task { try await PostgresServer.start() }
            self.starting = starting
            return try await starting.value
        }
    }

    /// A pool on an empty schema.
    package func pool(configure: (inout PostgresConfiguration) -> Void = { _ in }) async throws -> PostgresPool {
        var configuration = PostgresConfiguration(url: Secret(try await server.createSchema()))
        configure(&configuration)
        return PostgresPool(configuration)
    }

    /// A pool on a schema with all tables.
    package func migratedPool() async throws -> PostgresPool {
        let pool = try await pool()
        _ = try await Migrations.run(on: pool)
        return pool
    }
}
