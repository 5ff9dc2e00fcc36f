import Shared
import TestSupport
import Testing

@testable import Submitter

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite(.timeLimit(.minutes(1)))
struct PageRoutesTests {
    @Test func `without their files the pages name the command that installs them`() async throws {
        try await ShimFixture.run { shim in
            for path in ["/docs", "/redoc", "/docs/swagger-ui.css"] {
                let answer = try await shim.get(path)
                #expect(answer.status == 404 && answer.text.contains("run scripts/setup"), "\(path)")
            }
            #expect(try await shim.get("/docs/start.js").status == 200)
        }
    }

    @Test func `pages load files of this server alone, and browsers are told so`() async throws {
        let folder = try Self.folder()
        try await ShimFixture.run(configure: { $0.pages = PageFolder(path: folder.path) }) { shim in
            for path in ["/docs", "/docs/", "/redoc"] {
                let page = try await shim.get(path)
                #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
                #expect(page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
                #expect(page.text.contains("<script src=\"/docs/") && !page.text.contains("://"))
            }
            for file in PageFile.allCases {
                let answer = try await shim.get("/docs/\(file.rawValue)")
                #expect(answer.status == 200 && answer.headers["content-type"] == file.contentType)
                let tag = try #require(answer.headers["etag"])
                #expect(
                    try await shim.get("/docs/\(file.rawValue)", headers: ["if-none-match": tag]).status == 304)
            }
        }
    }

    @Test(arguments: [
        "secret.txt", "../secret.txt", "..%2Fsecret.txt", "%2e%2e/secret.txt", "swagger-ui.css/../secret.txt",
        "SWAGGER-UI.CSS", "start.js%00", "%2Fetc%2Fpasswd",
    ])
    func `no other file is served`(name: String) async throws {
        let folder = try Self.folder()
        try await ShimFixture.run(configure: { $0.pages = PageFolder(path: folder.path) }) { shim in
            let answer = try await shim.get("/docs/\(name)")
            #expect(answer.status == 404 || answer.status == 400)
            #expect(!answer.text.contains("a secret"))
        }
    }

    @Test func `the settings are shown with DEBUG alone`() async throws {
        var settings = Settings(environment: ["REDIS_URL": "redis://:hidden@h:1", "SERVICE_PORT": "8010"])
        _ = SharedConfig(&settings)
        _ = ShimConfig(&settings)
        try await ShimFixture.run { shim in
            let hidden = try await shim.get("/debug/config")
            #expect(hidden.status == 404)
        }
        try await ShimFixture.run(shownSettings: settings.declared) { shim in
            let answer = try await shim.get("/debug/config")
            let rows = try #require(try answer.json["data"]?.arrayValue)
            let port = rows.first { $0["name"] == "SERVICE_PORT" }
            #expect(port?["value"] == "8010" && port?["source"] == "environment" && port?["default"] == "8007")
            #expect(rows.first { $0["name"] == "REDIS_URL" }?["value"] == "redis://:•••@h:1")
            #expect(!answer.text.contains("hidden"))
        }
    }

    private static func folder() throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        for name in PageFile.allCases.map(\.rawValue) + ["secret.txt"] {
            try Data("a secret".utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
        }
        return folder
    }
}
