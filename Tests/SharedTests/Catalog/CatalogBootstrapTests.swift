import Foundation
import Logging
import TestSupport
import Testing

@testable import Shared

/// The steps of every process with PostgreSQL before it starts.
@Suite struct CatalogBootstrapTests {
    private let silent = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func config(_ environment: [String: String]) throws -> SharedConfig {
        var settings = Settings(environment: environment)
        let config = SharedConfig(&settings)
        try settings.check()
        return config
    }

    private func catalog(_ id: String, in directory: TemporaryDirectory) throws -> String {
        let path = directory.file(id + ".yaml")
        try "models: [{id: \(id), provider: sandbox}]".write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func `an empty database gets its tables and the first catalogue, a filled one keeps its own`() async throws {
        let directory = try TemporaryDirectory()
        let pool = try await SharedPostgres.shared.pool()
        let first = try config(["CATALOG_FILE": catalog("first", in: directory)])
        let second = try config(["CATALOG_FILE": catalog("second", in: directory)])

        #expect(try await CatalogBootstrap(first, pool, silent).start().current.models.map(\.id) == ["first"])
        #expect(try await CatalogBootstrap(second, pool, silent).start().current.models.map(\.id) == ["first"])
        #expect(try await CatalogBootstrap(config([:]), pool, silent).start().current.models.map(\.id) == ["first"])
    }

    @Test func `a wrong catalogue prevents the start`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("wrong.yaml")
        try "models: [{id: m}]".write(toFile: path, atomically: true, encoding: .utf8)
        let pool = try await SharedPostgres.shared.pool()

        await #expect(throws: CatalogFile.Mistakes.self) {
            try await CatalogBootstrap(config(["CATALOG_FILE": path]), pool, silent).start()
        }
    }

    @Test func `a server that comes later is waited for`() async throws {
        let server = try await PostgresServer.start()
        let pool = PostgresPool(PostgresConfiguration(url: Secret(server.url())))
        try await server.stop(.fast)
        let starting = Task { try await CatalogBootstrap(config([:]), pool, silent).start() }

        // The wait has begun once a call of ours has been refused too.
        await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
        try await server.start()

        #expect(try await starting.value.current.models.isEmpty)
    }

    @Test func `a database that does not exist is told at once`() async throws {
        let port = try await SharedPostgres.shared.server.port
        let pool = PostgresPool(PostgresConfiguration(url: Secret("postgresql://postgres@127.0.0.1:\(port)/none")))

        let start = ContinuousClock.now
        let error = await #expect(throws: PostgresError.self) {
            try await CatalogBootstrap(config([:]), pool, silent).start()
        }

        #expect(error?.code == .configuration)
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
