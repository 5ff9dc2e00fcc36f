import Testing

@testable import Shared

/// Addresses and keys as people paste them into the catalogue.
@Suite struct PastedTests {
    private func account(_ field: String, _ value: String) -> String {
        var account: JSONObject = ["id": "a", "provider": "openai"]
        account.set(field, .string(value))
        return String(decoding: JSON.object(["accounts": [.object(account)]]).encoded, as: UTF8.self)
    }

    @Test(arguments: [
        ("https://x.example/v1", "https://x.example/v1"), (" https://x.example/v1/ \n", "https://x.example/v1"),
        ("https://x.example/v1/chat/completions", "https://x.example/v1"), ("https://x.example", "https://x.example"),
        ("https://x.example/v4/chat/completions#", "https://x.example/v4"),
        ("https://x.example/v1#", "https://x.example/v1"),
        ("https://x.example/plan/v3/chat/completions?", "https://x.example/plan/v3"),
        ("https://x.example/v1/embeddings/", "https://x.example/v1"),
        ("HTTP://127.0.0.1:8000/v1/v1", "http://127.0.0.1:8000/v1"),
        ("https://x.example/v1/v2", "https://x.example/v1/v2"),
        ("https://x.example/models", "https://x.example/models"),
        ("https://c.example/v1/messages", "https://c.example/v1"),
        ("https://x.example/v1/v1/completions", "https://x.example/v1"),
    ])
    func `a pasted address becomes what calls are put behind`(_ pasted: String, _ address: String) throws {
        #expect(PlatformAddress.tidied(pasted) == address)
        let file = try CatalogFile(
            text: account("base_url", pasted))
        #expect(file.accounts.first?.account.baseURL == address)
    }

    @Test(arguments: [
        "x.example/v1", "ftp://x.example", "https://", "https:///v1", "https://x y", "https://user:zanzibar@x",
        "https://x.example/v1?key=zanzibar", "#", "?", "", "https://x.example/v1\nX: y",
        "https://x.example/v1#zanzibar",
    ])
    func `what is no address is refused by name, without being quoted`(_ pasted: String) {
        #expect(PlatformAddress.tidied(pasted) == nil)
        let error = #expect(throws: CatalogFile.Mistakes.self) {
            try CatalogFile(
                text: account("base_url", pasted))
        }
        #expect(error?.list.count == 1)
        #expect(error?.list.first?.hasPrefix("accounts[0].base_url (a): expected an http:// or https:// URL") == true)
    }

    @Test(arguments: ["sk-1\n", " sk-1 ", "\r\nsk-1\t", "\u{FEFF}sk-1\u{200B}"])
    func `a key loses what stands around it`(_ pasted: String) throws {
        #expect(Secret(pasted: pasted)?.reveal() == "sk-1")
        guard pasted.utf8.allSatisfy({ $0 < 128 }) else { return }
        #expect(try CatalogFile(text: account("api_key", pasted)).accounts.first?.key.secret()?.reveal() == "sk-1")
    }

    @Test(arguments: ["", " \n", "sk-1\nsk-2", "sk\u{1}1", String(repeating: "k", count: 4097)])
    func `a key that no header can carry is refused by name`(_ pasted: String) {
        #expect(Secret(pasted: pasted) == nil)
        let error = #expect(throws: CatalogFile.Mistakes.self) { try CatalogFile(text: account("api_key", pasted)) }
        #expect(error?.list == ["accounts[0].api_key (a): expected a text without control characters"])
    }
}
