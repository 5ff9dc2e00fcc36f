import Shared
import TestSupport
import Testing

@testable import Submitter

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct SettingsTests {
    private func mistakes(_ environment: [String: String]) -> [String] {
        var settings = Settings(environment: environment)
        _ = SharedConfig(&settings)
        _ = ShimConfig(&settings)
        return settings.mistakes.map(\.name)
    }

    @Test func `an empty environment gives the documented defaults`() throws {
        var settings = Settings(environment: [:])
        let shared = SharedConfig(&settings)
        let shim = ShimConfig(&settings)

        try settings.check()
        #expect(shared.cachePrefix == "ai_model_service:")
        #expect(shared.queue.limits == QueueLimits())
        #expect(shim.listen.port == 8007)
        #expect(shim.listen.host == "127.0.0.1")
        #expect(shim.hub.cancelGrace == .zero)
        #expect(shim.hub.resumeGrace == .seconds(5))
    }

    @Test func `times below a millisecond stay what they are`() throws {
        var settings = Settings(environment: ["BATCH_LAG": "0.0001"])

        #expect(ShimConfig(&settings).batchRuns.lag == .microseconds(100))
        try settings.check()
    }

    @Test func `all mistakes are reported at once, by name and without the values`() {
        var settings = Settings(environment: [
            "SERVICE_PORT": "eighty-secret", "LEASE": "-1", "DEBUG": "perhaps", "LOG_LEVEL": "loud",
            "CACHE_PREFIX": "a b",
        ])
        _ = SharedConfig(&settings)
        _ = ShimConfig(&settings)

        let error = #expect(throws: SettingsError.self) { try settings.check() }
        #expect(
            Set(error?.mistakes.map(\.name) ?? [])
                == ["SERVICE_PORT", "LEASE", "DEBUG", "LOG_LEVEL", "CACHE_PREFIX"])
        #expect(error?.description.contains("eighty-secret") == false)
        #expect(error?.description.contains("from 0 to 65535") == true)
    }

    @Test(arguments: [
        ("SERVICE_PORT", "65536"), ("SERVICE_PORT", "80.5"), ("LEASE", "0.5"), ("LEASE", "nan"),
        ("JOB_DEADLINE", "inf"),
        ("MAX_DELIVERIES", "0"), ("REDIS_MEMORY_SHARE", "1.1"), ("MASTER_KEY_FILE", "/does/not/exist"),
        ("REDIS_CERT_FILE", "cert.pem"), ("CONFIG_FILE", "/does/not/exist"), ("REDIS_URL", "http://host"),
        ("MASTER_KEY", "short"), ("DATABASE_URL", "nonsense"), ("DATABASE_URL", "mysql://h/db"),
        ("DATABASE_URL", "postgresql://h:port/db"), ("DATABASE_URL", "postgresql://h:70000/db"),
        ("DATABASE_URL", "hots=h dbname=d"),
    ])
    func `a value out of range is a mistake`(name: String, value: String) {
        #expect(mistakes([name: value]) == [name])
    }

    @Test func `an empty variable counts as not given`() {
        #expect(mistakes(["SERVICE_PORT": "", "LEASE": "", "REDIS_URL": "", "MASTER_KEY": ""]).isEmpty)
    }

    @Test(arguments: [
        ("LOG_LEVEL", "INFO"), ("LOG_LEVEL", " Warning "), ("LOG_FORMAT", "JSON"), ("DEBUG", "TRUE"), ("DEBUG", "Yes"),
        ("DEBUG", "OFF"), ("DATABASE_URL", "host=/run/postgresql dbname=d"),
        ("DATABASE_URL", "postgresql://u:p@h1:5432,h2:5433/d?sslmode=require"),
    ])
    func `words are taken in small and capital letters, and every form of libpq`(name: String, value: String) {
        #expect(mistakes([name: value]).isEmpty)
    }

    @Test func `every setting that is one of a few words takes each of them in capital letters`() throws {
        var settings = Settings(environment: [:])
        _ = SharedConfig(&settings)
        _ = ShimConfig(&settings)
        let choices = settings.declared.filter { $0.type == "one of" }

        #expect(!choices.isEmpty)
        for choice in choices {
            for word in (choice.range ?? "").split(separator: ", ") {
                #expect(mistakes([choice.name: word.uppercased()]).isEmpty)
            }
        }
    }

    @Test func `unknown variables are not our business`() {
        #expect(mistakes(["PATH": "/bin", "SERVICE_PROT": "1"]).isEmpty)
    }

    @Test func `the environment wins over the file`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/settings.env"
        try Data("# comment\nSERVICE_PORT = 1234\nSERVICE_HOST='0.0.0.0'\n\nLEASE=20\n".utf8)
            .write(to: URL(fileURLWithPath: path))
        var settings = Settings(environment: ["CONFIG_FILE": path, "LEASE": "30"])
        let shared = SharedConfig(&settings)
        let shim = ShimConfig(&settings)

        try settings.check()
        #expect(shim.listen.port == 1234)
        #expect(shim.listen.host == "0.0.0.0")
        #expect(shared.queue.limits.lease == .seconds(30))
    }

    @Test func `a line of the file that says nothing is a mistake with its number`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/settings.env"
        try Data("LEASE=20\nnonsense with a secret\n".utf8).write(to: URL(fileURLWithPath: path))
        let settings = Settings(environment: ["CONFIG_FILE": path])

        let error = #expect(throws: SettingsError.self) { try settings.check() }
        #expect(error?.mistakes.map(\.name) == ["CONFIG_FILE line 2"])
        #expect(error?.description.contains("secret") == false)
    }

    @Test func `a secret may come from a file, but not from both`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/key"
        try Data("  top-secret\n".utf8).write(to: URL(fileURLWithPath: path))
        var settings = Settings(environment: ["MASTER_KEY_FILE": path])
        let shared = SharedConfig(&settings)

        #expect(shared.masterKeys.current?.reveal() == "top-secret")
        #expect("\(shared)".contains("top-secret") == false)
        #expect(mistakes(["MASTER_KEY_FILE": path, "MASTER_KEY": "x"]) == ["MASTER_KEY"])
    }

    @Test(arguments: [
        ("gold=4,free=1", ["gold": 4, "free": 1]), (" a = 2 , b=3,", ["a": 2, "b": 3]), ("", [:]), ("a", nil),
        ("a=0", nil), ("a=1001", nil), ("=1", nil), ("a=1,a=2", nil), ("a=1.5", nil),
    ])
    func `tenants have weights`(_ text: String, _ expected: [String: Int]?) {
        var settings = Settings(environment: ["TENANT_WEIGHTS": text])
        let shared = SharedConfig(&settings)

        #expect(shared.queue.limits.tenantWeights == expected ?? [:])
        #expect(settings.mistakes.isEmpty == (expected != nil))
    }

    @Test func `the table names every setting once, with its default`() {
        var settings = Settings(environment: [:])
        _ = SharedConfig(&settings)
        _ = ShimConfig(&settings)
        let names = settings.declared.map(\.name)
        let table = SettingsTable(settings.declared).markdown

        #expect(Set(names).count == names.count)
        #expect(table.contains("| `SERVICE_PORT` | whole number | `8007` | from 0 to 65535 |"))
        #expect(names.allSatisfy { table.contains("`\($0)`") })
    }

    @Test func `every setting has its value and where that comes from`() throws {
        let directory = try TemporaryDirectory()
        let (file, key) = (directory.path + "/settings.env", directory.path + "/key")
        try Data("SERVICE_PORT=1234\nLEASE=20\nSERVICE_HOST=0.0.0.0\n".utf8).write(to: URL(fileURLWithPath: file))
        try Data("0011".utf8).write(to: URL(fileURLWithPath: key))
        var settings = Settings(environment: [
            "CONFIG_FILE": file, "LEASE": "30", "SERVICE_HOST": "", "MASTER_KEY_FILE": key,
            "DATABASE_URL": "postgresql://u:hidden@h/d", "LOG_LEVEL": "loud",
        ])
        _ = SharedConfig(&settings)
        _ = ShimConfig(&settings)

        func shown(_ name: String) -> String {
            let setting = settings.declared.first { $0.name == name }
            return "\(setting?.value ?? "-") \(setting?.source.rawValue ?? "?")"
        }
        #expect(shown("SERVICE_PORT") == "1234 file")
        #expect(shown("LEASE") == "30 environment")
        // Given as empty, it counts as not given.
        #expect(shown("SERVICE_HOST") == "0.0.0.0 file")
        #expect(shown("MASTER_KEY") == "••• secret_file")
        #expect(shown("DATABASE_URL") == "postgresql://u:•••@h/d environment")
        #expect(shown("REDIS_URL") == "redis://127.0.0.1:6379/0 default")
        #expect(shown("REDIS_CA_FILE") == "- default")
        #expect(shown("LOG_LEVEL") == "info default")
    }
}
