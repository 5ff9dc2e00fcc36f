/// Primaries of a Redis Cluster on 127.0.0.1 that share the 16,384 slots evenly.
package struct RedisCluster: Sendable {
    package let nodes: [RedisServer]

    /// Returns once all nodes agree that the cluster is complete.
    package static func start(nodes count: Int = 3) async throws -> RedisCluster {
        var nodes: [RedisServer] = []
        var buses: [Int] = []
        for _ in 0..<count {
            // The usual port of the bus, 10,000 above, may be beyond 65,535.
            let bus = try FreePort.find()
            nodes.append(
                try await RedisServer.start(
                    "--cluster-enabled", "yes", "--cluster-port", "\(bus)", "--cluster-node-timeout", "2000",
                    "--cluster-require-full-coverage", "no"))
            buses.append(bus)
        }
        let cluster = RedisCluster(nodes: nodes)
        for (number, node) in nodes.enumerated() {
            let (first, last) = (16_384 * number / count, 16_384 * (number + 1) / count - 1)
            _ = try await redisCLI(node.port, "CLUSTER", "ADDSLOTSRANGE", "\(first)", "\(last)")
            _ = try await redisCLI(node.port, "CLUSTER", "SET-CONFIG-EPOCH", "\(number + 1)")
        }
        for node in 1..<count {
            _ = try await redisCLI(
                nodes[0].port, "CLUSTER", "MEET", "127.0.0.1", "\(nodes[node].port)", "\(buses[node])")
        }
        for node in nodes {
            try await eventually("the nodes agree", timeout: .seconds(20)) {
                let info = try await redisCLI(node.port, "CLUSTER", "INFO")
                return info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384")
                    && info.contains("cluster_known_nodes:\(count)")
            }
        }
        return cluster
    }

    package var url: String { "redis+cluster://\(nodes.map { "127.0.0.1:\($0.port)" }.joined(separator: ","))" }

    /// The node that has a key.
    package func owner(of key: String) async throws -> Int {
        for (number, node) in nodes.enumerated() {
            // `EXISTS` of another node's key is answered with `MOVED`.
            if try await !redisCLI(node.port, "EXISTS", key).contains("MOVED") { return number }
        }
        throw RedisClusterError.noOwner
    }

    /// Moves the slot of `key` with everything in it to another node, while it is in use.
    ///
    /// Calls `midway` when the keys have gone and the slot has not.
    package func move(slotOf key: String, to target: Int, midway: () async throws -> Void = {}) async throws {
        let source = try await owner(of: key)
        let slot = try await cli(source, "CLUSTER", "KEYSLOT", key)
        let (from, to) = (try await cli(source, "CLUSTER", "MYID"), try await cli(target, "CLUSTER", "MYID"))
        try await ok(cli(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", from))
        try await ok(cli(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", to))
        while true {
            let keys = try await cli(source, "CLUSTER", "GETKEYSINSLOT", slot, "1000").split(separator: "\n")
            guard !keys.isEmpty else { break }
            let migrate = ["MIGRATE", "127.0.0.1", "\(nodes[target].port)", "", "0", "5000", "KEYS"]
            let done = try await ChildProcess.start(
                "redis-cli", ["-p", "\(nodes[source].port)"] + migrate + keys.map(String.init))
            _ = try await done.wait()
        }
        try await midway()
        for node in [target, source] + nodes.indices.filter({ $0 != target && $0 != source }) {
            try await ok(cli(node, "CLUSTER", "SETSLOT", slot, "NODE", to))
        }
    }

    package func stop() async { for node in nodes { await node.stop() } }

    private func cli(_ node: Int, _ words: String...) async throws -> String {
        let cli = try await ChildProcess.start("redis-cli", ["-p", "\(nodes[node].port)"] + words)
        _ = try await cli.wait()
        return String(
            cli.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().joined(separator: "\n"))
    }

    private func ok(_ reply: String) throws {
        guard reply == "OK" else { throw RedisClusterError.refused(reply) }
    }
}

package enum RedisClusterError: Error {
    case noOwner
    case refused(String)
}
