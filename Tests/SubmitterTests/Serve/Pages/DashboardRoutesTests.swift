import Foundation
import Shared
import TestSupport
import Testing

@testable import Submitter

@Suite(.timeLimit(.minutes(1)))
struct DashboardRoutesTests {
    private func run(_ body: (ShimFixture) async throws -> Void) async throws {
        let folder = DashboardFolder(path: DashboardAssets.folder.path)
        try await ShimFixture.run(configure: { $0.dashboard = folder }) { shim in try await body(shim) }
    }

    @Test func `the dashboard is at the root, and browsers let it load from this server alone`() async throws {
        try await run { shim in
            let page = try await shim.get("/")
            #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
            let policy = try #require(page.headers["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'self';") && policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe") && page.headers["x-content-type-options"] == "nosniff")
            #expect(page.headers["referrer-policy"] == "no-referrer")
            #expect(!page.text.contains("://"))
            // Neither a script nor a style stands within the page.
            #expect(page.text.matches(of: /<script[^>]*>[^<]/).isEmpty && !page.text.contains("<style"))
        }
    }

    @Test func `every file of the dashboard is served with its type, and again only where it has changed`()
        async throws
    {
        try await run { shim in
            let files = try DashboardAssets.files()
            #expect(files.count > 20)
            for file in files {
                let name = try #require(AssetName(file), "\(file) has no name that is served")
                let answer = try await shim.get("/assets/\(file)")
                #expect(answer.status == 200 && answer.headers["content-type"] == name.ending.contentType, "\(file)")
                let tag = try #require(answer.headers["etag"])
                #expect(try await shim.get("/assets/\(file)", headers: ["if-none-match": tag]).status == 304)
            }
        }
    }

    @Test(arguments: [
        "../../etc/passwd", "../Serve/Routes.swift", "..%2Findex.html", "%2e%2e/index.html", "pages/../../index.html",
        "pages%2F..%2Findex.html", ".hidden.js", "pages/.hidden.js", "%2Fetc%2Fpasswd", "main.js%00", "pages", "main",
        "main.JS", "words/en.json%20", "a/b/c/d.js", "none.js",
    ])
    func `no other file is served`(path: String) async throws {
        try await run { shim in
            let answer = try await shim.get("/assets/\(path)")
            #expect(answer.status == 404 || answer.status == 400, "\(answer.status)")
            #expect(try answer.json["error"]?["code"] != nil && !answer.text.contains("root:"))
        }
    }

    @Test func `without its files the dashboard says what to do`() async throws {
        let folder = try TemporaryDirectory()
        try await ShimFixture.run(configure: { $0.dashboard = DashboardFolder(path: folder.path) }) { shim in
            let answer = try await shim.get("/")
            #expect(answer.status == 404 && answer.text.contains("dashboard_not_installed"))
            #expect(answer.text.contains("DASHBOARD_DIR"))
        }
    }
}

/// The dashboard's files as they stand in the repository.
enum DashboardAssets {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../../Sources/Submitter/Dashboard/Assets").standardizedFileURL

    /// Their paths below the folder.
    static func files(ending: String = "") throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { path in
            var isFolder: ObjCBool = false
            let isThere = FileManager.default.fileExists(atPath: folder.path + "/" + path, isDirectory: &isFolder)
            return isThere && !isFolder.boolValue && path.hasSuffix(ending)
        }.sorted()
    }

    static func text(_ file: String) throws -> String {
        try String(contentsOf: folder.appending(path: file), encoding: .utf8)
    }
}
