import Shared
import Testing

@Suite struct RedisConfigurationTests {
    @Test(
        arguments: [
            ("redis://h", "h", 6379, nil, nil, 0), ("redis://h:1", "h", 1, nil, nil, 0),
            ("redis://127.0.0.1:6380/3", "127.0.0.1", 6380, nil, nil, 3),
            ("redis://:pw@h/", "h", 6379, nil, "pw", 0), ("redis://u:p%40%2F%25@h", "h", 6379, "u", "p@/%", 0),
            ("redis://[::1]:7000/1", "::1", 7000, nil, nil, 1),
            ("redis://u@h", "h", 6379, "u", nil, 0),
        ] as [(String, String, Int, String?, String?, Int)])
    func `a URL is read`(
        _ url: String, _ host: String, _ port: Int, _ user: String?, _ password: String?, _ database: Int
    ) throws {
        let configuration = try RedisConfiguration(url: url)

        #expect(configuration.addresses == [RedisAddress(host: host, port: port)])
        #expect(configuration.user == user)
        #expect(configuration.password?.reveal() == password)
        #expect(configuration.database == database)
        #expect(configuration.tls == nil)
    }

    @Test(arguments: [
        "", "h:6379", "http://h", "redis://", "redis://h:0", "redis://h:65536", "redis://h/x", "redis://h/-1",
        "redis://h/1/2", "redis://h:pw", "rediss:/h", "redis://a b", "redis://a,b", "redis+other://h",
        "redis+sentinel://h", "redis+sentinel://h/main/x", "redis+sentinel://h,/main", "redis+cluster://h/1",
    ])
    func `a wrong URL is refused without repeating it`(_ url: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }

        #expect(error?.code == .configuration)
        #expect(error?.description.hasPrefix("Redis: REDIS_URL: expected ") == true)
    }

    @Test func `sentinels and nodes of a cluster are read, several of them`() throws {
        let sentinels = try RedisConfiguration(url: "redis+sentinel://u:p@a,b:1,[::1]/main/2")
        #expect(sentinels.addresses.map(\.description) == ["a:26379", "b:1", "[::1]:26379"])
        #expect(sentinels.database == 2)
        #expect(sentinels.password?.reveal() == "p")
        #expect("\(sentinels)" == "redis+sentinel://a:26379,b:1,[::1]:26379/main/2")
        let cluster = try RedisConfiguration(url: "rediss+cluster://a:7000,b:7001")
        #expect(cluster.isCluster && cluster.tls != nil)
        #expect("\(cluster)" == "rediss+cluster://a:7000,b:7001")
    }

    @Test func `the password is in no description`() throws {
        let configuration = try RedisConfiguration(url: "rediss://user:hunter2@h:1/2")

        #expect("\(configuration)" == "rediss://h:1/2")
        #expect(!String(reflecting: configuration).contains("hunter2"))
    }

    @Test func `rediss means TLS, whose files must be readable`() throws {
        #expect(try RedisConfiguration(url: "rediss://h").tls != nil)
        let error = #expect(throws: RedisError.self) {
            try RedisConfiguration(url: "rediss://h", caFile: "/no/such.pem")
        }
        #expect(error?.code == .configuration)
    }

    @Test func `a certificate without its key is a mistake, not ignored`() {
        #expect(throws: RedisError.self) { try RedisConfiguration(url: "rediss://h", certFile: "/some.pem") }
    }
}
