import Foundation
import Shared
import TestSupport
import Testing

@testable import Submitter

@Suite struct ImportSourceTests {
    private func plan(_ source: String, _ product: ImportProduct, environment: [String: String] = [:]) async throws
        -> ImportPlan
    {
        let channels = try await ImportSource(source, environment: environment).channels(of: product)
        return ImportPlan(channels, .init(product: product, prefix: "i-"), catalog: CatalogSnapshot())
    }

    private func shape(_ plan: ImportPlan) -> [String] {
        plan.accounts.map(\.declared.account).map {
            "\($0.id) \($0.provider.rawValue) \($0.mode ?? "-") \($0.status.rawValue) \($0.models.joined(separator: ","))"
        }
    }

    @Test func `one-api's SQLite file is read`() async throws {
        let directory = try TemporaryDirectory()
        let plan = try await plan(try await ChannelFixtures.sqlite(ChannelFixtures.oneAPI, in: directory), .oneAPI)

        #expect(
            shape(plan) == [
                "i-1 openai - active gpt-4o,gpt-4o-mini", "i-2 openai compatible active deepseek-chat",
                "i-4 baidu legacy disabled ernie-4.0", "i-5 tencent native disabled hunyuan-lite",
                "i-6 openai compatible active gpt-4o@openai,qwen",
            ])
        #expect(plan.skipped.map(\.about) == [#"channel 3 "azure""#, #"channel 7 "odd""#, #"channel 8 "half""#])
        #expect(plan.accounts.last?.declared.account.baseURL == "http://10.0.0.8:8000/v1")
        let report = ImportReport(plan: plan, isApplied: false)
        #expect(!report.text.contains("zanzibar"))
        #expect(!String(decoding: report.json.encoded, as: UTF8.self).contains("zanzibar"))
    }

    @Test func `new-api's PostgreSQL is read`() async throws {
        let server = try await SharedPostgres.shared.server
        let url = try await server.createSchema()
        let pool = try PostgresPool(url: Secret(url))
        for statement in ChannelFixtures.newAPI.split(separator: ";\n") {
            _ = try await pool.query(String(statement))
        }
        let plan = try await plan("env:SOURCE", .newAPI, environment: ["SOURCE": url])

        #expect(
            shape(plan) == [
                "i-11-1 openai - active gpt-4o,text-embedding-3-small",
                "i-11-2 openai - disabled gpt-4o,text-embedding-3-small",
                "i-11-3 openai - active gpt-4o,text-embedding-3-small",
                "i-12 openai compatible active deepseek-chat", "i-13 alibaba compatible active qwen-plus",
                "i-14 baidu native active ernie-4.5", "i-15 zhipu - active glm-4.7",
            ])
        let first = plan.accounts[0].declared.account
        #expect(first.settings == ["organization": "org-1", "headers": "X-Team: a"])
        #expect(first.weight == 3)
        #expect(plan.models.first { $0.model.id == "gpt-4o" }?.model.priority == 5)
        #expect(plan.accounts.last?.declared.account.baseURL == "https://open.bigmodel.cn/api/coding/paas/v4")
        #expect(plan.warnings.contains { $0.text.contains("param_override") })
        await pool.close()
    }

    @Test(arguments: [
        #"[{"id":1,"type":"36","key":"k","models":"m","status":"1"}]"#,
        #"{"channels":[{"id":1,"type":36,"key":"k","models":"m"}]}"#,
        #"{"success":true,"data":[{"id":1,"type":36,"key":"k","models":"m"}]}"#,
    ])
    func `a JSON file is read`(_ text: String) async throws {
        let directory = try TemporaryDirectory()
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file("c.json")))
        #expect(shape(try await plan(directory.file("c.json"), .oneAPI)) == ["i-1 openai compatible active m"])
    }

    @Test func `the other product's table is refused with its name`() async throws {
        let directory = try TemporaryDirectory()
        let oneAPI = try await ChannelFixtures.sqlite(ChannelFixtures.oneAPI, in: directory)
        let old = try await ChannelFixtures.sqlite(
            "CREATE TABLE channels (id integer, type integer, key text, models text); INSERT INTO channels VALUES (1, 43, 'k', 'm')",
            in: directory, "old.db")
        let newAPI = directory.file("new.json")
        try Data(#"{"data":[{"id":1,"type":43,"key":"k","models":"m","channel_info":{},"auto_ban":1}]}"#.utf8)
            .write(to: URL(fileURLWithPath: newAPI))

        for (source, product, other) in [
            (oneAPI, ImportProduct.newAPI, "one-api"), (old, .newAPI, "one-api"), (newAPI, .oneAPI, "new-api"),
        ] {
            let error = await #expect(throws: ImportFailure.self) { try await plan(source, product) }
            #expect(error?.description.hasSuffix("submitter import \(other)") == true)
        }
        #expect(shape(try await plan(old, .oneAPI)).isEmpty)
        #expect(shape(try await plan(newAPI, .newAPI)) == ["i-1 openai compatible active m"])
    }

    @Test func `what cannot be read says why, without a value`() async throws {
        let directory = try TemporaryDirectory()
        func failure(_ source: String) async -> String {
            do {
                _ = try await plan(source, .oneAPI)
                return ""
            } catch { return "\(error)" }
        }
        func file(_ name: String, _ text: String) throws -> String {
            try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file(name)))
            return directory.file(name)
        }
        #expect(await failure("/nowhere/x.db").contains("/nowhere/x.db cannot be read"))
        #expect(await failure("postgresql://h:x/db").hasPrefix("--from: expected postgresql://"))
        #expect(await failure("env:NOT_SET").contains("NOT_SET"))
        #expect(await failure("mysql://root:zanzibar@h/db").contains("MySQL"))
        #expect(await failure("root:zanzibar@tcp(h:3306)/db").contains("MySQL"))
        #expect(try await failure(file("text", "zanzibar")).contains("JSON"))
        #expect(try await failure(file("rows", #"[{"name":"zanzibar"}]"#)).contains("channels"))
        #expect(try await failure(file("broken.db", "SQLite format 3\u{0}zanzibar")).contains("damaged"))
        let empty = try await ChannelFixtures.sqlite("CREATE TABLE t (a)", in: directory)
        #expect(await failure(empty).contains("no table channels"))
        #expect(await failure("postgresql://nobody:zanzibar@127.0.0.1:1/x").contains("nobody listens"))
        for source in [
            "mysql://root:zanzibar@h/db", "postgresql://nobody:zanzibar@127.0.0.1:1/x", directory.file("text"),
        ] {
            #expect(await !failure(source).contains("zanzibar"))
        }
    }

    @Test func `a plan that is applied is what the catalogue then holds, and a second one changes nothing`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = try await ChannelFixtures.sqlite(ChannelFixtures.oneAPI, in: directory)
        let pool = try await SharedPostgres.shared.migratedPool()
        let store = CatalogStore(pool)
        let box = try SecretBox(masterKey: Secret(String(repeating: "0f", count: 32)))
        let channels = try await ImportSource(path, environment: [:]).channels(of: .oneAPI)
        let options = ImportPlan.Options(product: .oneAPI, prefix: "one-api-")

        try await store.apply(ImportPlan(channels, options, catalog: CatalogSnapshot()).file, box: box, actor: "test")
        let audit = try await pool.query("SELECT kind, after::text AS after FROM audit_log WHERE actor = 'test'")
        let first = try await store.load()
        let again = ImportPlan(channels, options, catalog: first)
        try await store.apply(again.file, box: box)
        let second = try await store.load()

        #expect(first.accounts.count == 5)
        #expect(audit.count == first.accounts.count + first.models.count)
        #expect(try !audit.rows.contains { try $0.text("after")?.contains("api_key") == true })
        #expect(
            try box.open(#require(first.accounts[0].apiKeyEncrypted), for: "one-api-1").reveal().contains("zanzibar"))
        #expect(again.file.models.isEmpty)
        #expect(!again.accounts.contains { !$0.isKnown })
        #expect(second.models == first.models)
        #expect(second.accounts.map(\.models) == first.accounts.map(\.models))
        #expect(second.accounts.map(\.status) == first.accounts.map(\.status))
    }
}
