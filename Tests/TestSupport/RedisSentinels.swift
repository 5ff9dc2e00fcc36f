import Foundation
import Shared

/// A primary, its replica and sentinels that watch them, all on 127.0.0.1.
package struct RedisSentinels: Sendable {
    package static let service = "main"

    package let primary: RedisServer
    package let replica: RedisServer
    package let sentinels: [Sentinel]

    /// One `redis-server --sentinel`, with the file that it keeps its state in.
    package struct Sentinel: Sendable {
        package let port: Int
        let files: TemporaryDirectory
        let process: ChildProcess

        /// Watches the server at `primary` and calls it dead after `downAfter`.
        package static func start(
            primary: Int, quorum: Int = 1, downAfter: Duration = .milliseconds(500), password: String? = nil
        ) async throws -> Sentinel {
            let files = try TemporaryDirectory()
            let port = try FreePort.find()
            let lines = [
                "port \(port)", "bind 127.0.0.1", "dir \(files.path)",
                "sentinel monitor \(service) 127.0.0.1 \(primary) \(quorum)",
                "sentinel down-after-milliseconds \(service) \(downAfter.milliseconds)",
                "sentinel failover-timeout \(service) 5000",
            ]
            let access = password.map { ["requirepass \($0)"] } ?? []
            try (lines + access).joined(separator: "\n").write(
                toFile: files.file("sentinel.conf"), atomically: true, encoding: .utf8)
            let process = try await ChildProcess.start("redis-server", [files.file("sentinel.conf"), "--sentinel"])
            try await process.waitForOutput(containing: "+monitor master")
            return Sentinel(port: port, files: files, process: process)
        }

        package func stop() async { await stopped(process) }
    }

    /// Returns once the sentinels know the replica and each other.
    package static func start(sentinels count: Int = 3) async throws -> RedisSentinels {
        let primary = try await RedisServer.start("--repl-diskless-sync-delay", "0")
        let replica = try await RedisServer.start("--replicaof", "127.0.0.1 \(primary.port)")
        var sentinels: [Sentinel] = []
        for _ in 0..<count { sentinels.append(try await Sentinel.start(primary: primary.port, quorum: count / 2 + 1)) }
        let all = RedisSentinels(primary: primary, replica: replica, sentinels: sentinels)
        for sentinel in sentinels {
            try await eventually("sentinels know the replica and each other", timeout: .seconds(20)) {
                let state = try await redisCLI(sentinel.port, "SENTINEL", "MASTER", service)
                return state.contains("num-slaves\n1\n") && state.contains("num-other-sentinels\n\(count - 1)\n")
            }
        }
        try await eventually("the replica has all data") {
            try await redisCLI(replica.port, "INFO", "replication").contains("master_link_status:up")
        }
        return all
    }

    package var url: String {
        "redis+sentinel://\(sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ","))/\(Self.service)"
    }

    package func stop() async {
        for sentinel in sentinels { await sentinel.stop() }
        await primary.stop()
        await replica.stop()
    }
}

/// The output of `redis-cli`.
package func redisCLI(_ port: Int, _ words: String...) async throws -> String {
    let cli = try await ChildProcess.start("redis-cli", ["-p", "\(port)"] + words)
    _ = try await cli.wait()
    return cli.output
}

private func stopped(_ process: ChildProcess) async {
    do { try await process.stop() } catch {
        // It was never started, so there is nothing to stop.
    }
}
