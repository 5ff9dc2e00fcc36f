import ArgumentParser
import Foundation
import Shared
import TestSupport
import Testing

@testable import Submitter

/// `--set`, `--file` and where keys come from.
@Suite struct RowInputTests {
    private func fields(_ arguments: [String], _ kind: CatalogKind = .account) throws -> JSON {
        .object(try RowInput.parse(arguments).json(kind))
    }

    @Test func `values are read as their field takes them`() throws {
        let fields = try fields([
            "--set", "id=5", "--set", "rpm=5", "--set", "account_name=a: b", "--set", "settings.organization=7",
            "--set", "models=[x, 1]", "--set", "tpm=null", "--set", "base_url=http://h/?a=b",
        ])

        #expect(
            fields == [
                "id": "5", "rpm": 5, "account_name": "a: b", "settings": ["organization": "7"], "models": ["x", "1"],
                "tpm": .null, "base_url": "http://h/?a=b",
            ])
    }

    @Test func `models have flags and prices`() throws {
        let fields = try fields(
            ["--set", "capabilities.vision=false", "--set", "is_active=true", "--set", "input_price=0.25"], .model)

        #expect(fields == ["capabilities": ["vision": false], "is_active": true, "input_price": 0.25])
    }

    @Test(arguments: ["rpm", "=5", "api_key=sk-1"])
    func `what is no field and value, and keys, are refused`(setting: String) throws {
        #expect(throws: ValidationError.self) { try fields(["--set", setting]) }
    }

    @Test func `all mistakes of the arguments are told at once`() throws {
        let error = #expect(throws: ValidationError.self) {
            try fields(["--file", "/no/such.yaml", "--set", "rpm", "--set", "api_key=sk-1", "--set", "aliases=["])
        }

        let said = try #require(error?.message)
        for part in [
            "--file /no/such.yaml: expected", "--set: expected field=value", "--set api_key: expected", "--set aliases",
        ] {
            #expect(said.contains(part))
        }
        #expect(!said.contains("sk-1"))
    }

    @Test func `a key that is not there is told by its variable or file`() throws {
        let directory = try TemporaryDirectory()
        let empty = directory.file("empty")
        try "\n".write(toFile: empty, atomically: true, encoding: .utf8)
        func said(_ arguments: [String]) -> String {
            do { _ = try KeyInput.parse(arguments).key() } catch {
                return (error as? ValidationError)?.message ?? "\(error)"
            }
            return ""
        }

        #expect(
            said(["--api-key-env", "NOT_SET_ANYWHERE"]).contains(
                "the environment variable NOT_SET_ANYWHERE, which is not set"))
        #expect(said(["--api-key-file", "/no/such"]).contains("/no/such is not readable"))
        #expect(said(["--api-key-file", empty]).contains("\(empty) is empty"))
        #expect(!said(["--api-key-env", "sk-live-1"]).contains("sk-live-1"))
    }

    @Test(arguments: [
        (["SUDO_USER": "ada", "USER": "root"], "ada"), (["USER": "ada"], "ada"),
        (["USER": "", "LOGNAME": "ada"], "ada"),
        ([:], "system"), (["USER": "  "], "system"),
    ])
    func `who changes something is known without USER, too`(_ environment: [String: String], _ user: String) {
        #expect(AdminSession.user(environment, system: { "system" }) == user)
        #expect(AdminSession.user([:], system: { nil }).hasPrefix("uid-"))
        #expect(AdminSession.user([:]) != "?")
    }

    @Test func `a key has one source`() {
        #expect(throws: (any Error).self) { try KeyInput.parse(["--api-key-stdin", "--api-key-env", "X"]) }
        #expect(throws: (any Error).self) { try KeyInput.parse(["--api-key", "sk-1"]) }
        #expect(throws: ValidationError.self) { try KeyInput.parse(["--api-key-env", "NOT_SET_ANYWHERE"]).key() }
    }

    @Test func `tables are aligned`() {
        let rows: [JSON] = [["id": "a", "models": ["x", "y"]], ["id": "long", "models": .null]]

        #expect(AdminTable(columns: ["id", "models"], rows: rows).text == "ID    MODELS\na     x,y\nlong  -\n")
        #expect(AdminTable.time(.int(1_700_000_000_000)) == "2023-11-14 22:13:20Z")
    }

    @Test func `every command can be parsed`() throws {
        for arguments in [
            ["models", "list"], ["accounts", "list", "--json"], ["accounts", "show", "a"],
            ["models", "edit", "m", "--set", "weight=2"],
            ["accounts", "disable", "a", "--reason", "r"], ["accounts", "test", "a", "--timeout", "2"],
            ["accounts", "rotate-key", "a", "--api-key-stdin"], ["audit", "--subject", "a"], ["alerts", "--all"],
            ["keys", "rotate"], ["keys", "check", "--json"],
        ] {
            _ = try Submitter.parseAsRoot(arguments)
        }
        _ = try Submitter.parseAsRoot(["models", "list", "--provider", "OpenAI"])
        _ = try Submitter.parseAsRoot(["audit", "--kind", "Model"])
        for wrong in [
            ["accounts", "disable", "a"], ["accounts", "disable", "a", "--reason", ""],
            ["models", "disable", "m", "--reason", " "], ["models", "list", "--provider", "foo"],
            ["audit", "--kind", "foo"],
        ] {
            #expect(throws: (any Error).self) { try Submitter.parseAsRoot(wrong) }
        }
    }
}
