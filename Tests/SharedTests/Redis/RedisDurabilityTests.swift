import Shared
import Testing

struct RedisDurabilityTests {
    private func durability(_ lines: String...) -> RedisDurability {
        RedisDurability(RedisInfo(lines.joined(separator: "\r\n")))
    }

    @Test func `an append-only file and noeviction are durable`() {
        let found = durability(
            "aof_enabled:1", "aof_last_write_status:ok", "maxmemory:100", "maxmemory_policy:noeviction")
        #expect(found.isDurable)
        #expect(found.complaint == nil)
    }

    @Test(arguments: [
        (["aof_enabled:0", "maxmemory_policy:noeviction"], "appendonly is off"),
        (["aof_enabled:1", "maxmemory_policy:allkeys-lru"], "maxmemory-policy is allkeys-lru"),
        (
            ["aof_enabled:1", "aof_last_write_status:err", "maxmemory_policy:noeviction"],
            "writing the append-only file"
        ),
        (["maxmemory_policy:noeviction"], "does not say"),
    ])
    func `what may lose requests is named`(lines: [String], expected: String) throws {
        let found = RedisDurability(RedisInfo(lines.joined(separator: "\n")))
        #expect(found.warnings.count == 1)
        #expect(try #require(found.complaint).contains(expected))
    }

    @Test func `several servers are as durable as the weakest, and a warning is told once`() {
        let (good, bad) = (
            durability("aof_enabled:1", "maxmemory_policy:noeviction"),
            durability("aof_enabled:0", "maxmemory_policy:noeviction")
        )
        #expect(RedisDurability([good, good]).isDurable)
        #expect(RedisDurability([bad, good, bad]).warnings == bad.warnings)
    }

    @Test func `everything that is wrong is told at once`() {
        #expect(durability("aof_enabled:0", "maxmemory_policy:volatile-ttl").warnings.count == 2)
    }
}
