import Testing

@testable import Shared

/// Keys of accounts, sealed in the database and open only in memory.
@Suite struct SecretBoxTests {
    private let key = Secret(String(repeating: "0f", count: 32))
    private let other = Secret(String(repeating: "f0", count: 32))
    private let secret = Secret("sk-secret")

    @Test func `what was sealed opens again, for its account`() throws {
        let box = try SecretBox(masterKey: key)

        let sealed = try box.seal(secret, for: "a")

        #expect(try box.open(sealed, for: "a") == secret)
        #expect(!sealed.contains("secret"))
    }

    @Test func `sealing twice gives two texts`() throws {
        let box = try SecretBox(masterKey: key)

        #expect(try box.seal(secret, for: "a") != box.seal(secret, for: "a"))
    }

    @Test func `a text that an earlier build sealed still opens`() throws {
        let box = try SecretBox(masterKey: key)

        #expect(try box.open(Self.recorded, for: "openai-1") == secret)
    }

    /// Sealed on 23 November 2026 with the key of these tests.
    private static let recorded =
        "v1.9b68d49b.RH7s2_fLqIoidq65xOt2ocmwBGf2g3-nksKLP-ILg4vx1DMQ2KJsgifEGXf0G7GbMuLNSVzFfkjOXJnM."
        + "C84VXqzMnJJLmLCYzwXiKPOt_pWslZU38Atvx64F4lmc6vhOMw=="

    @Test func `a text of another account does not open`() throws {
        let box = try SecretBox(masterKey: key)
        let sealed = try box.seal(secret, for: "a")

        #expect(throws: SecretBox.Failure.corrupted) { try box.open(sealed, for: "b") }
    }

    @Test func `another master key is named as the reason`() throws {
        let sealed = try SecretBox(masterKey: other).seal(secret, for: "a")

        #expect(throws: SecretBox.Failure.unknownMasterKey) { try SecretBox(masterKey: key).open(sealed, for: "a") }
    }

    @Test func `a retired master key opens, and is not used to seal`() throws {
        let old = try SecretBox(masterKey: other)
        let box = try SecretBox(masterKey: key, retired: [other])

        #expect(try box.open(old.seal(secret, for: "a"), for: "a") == secret)
        let sealed = try box.seal(secret, for: "a")
        #expect(throws: SecretBox.Failure.unknownMasterKey) { try old.open(sealed, for: "a") }
    }

    @Test func `no single changed character goes unnoticed`() throws {
        let box = try SecretBox(masterKey: key)
        let sealed = Array(try box.seal(secret, for: "a"))

        for index in sealed.indices {
            var changed = sealed
            changed[index] = changed[index] == "A" ? "B" : "A"
            #expect(throws: SecretBox.Failure.self, "character \(index)") { try box.open(String(changed), for: "a") }
        }
    }

    @Test(arguments: ["", "v1", "v1.a.b", "v1....", "v2.0.0.0", "sk-secret", "v1.00000000.AA.AA"])
    func `what was never sealed does not open`(_ text: String) throws {
        let box = try SecretBox(masterKey: key)

        let error = #expect(throws: SecretBox.Failure.self) { try box.open(text, for: "a") }

        #expect(error?.description.contains("secret") == false)
    }

    @Test(arguments: [
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F",
    ])
    func `base64 and hexadecimal are the same key`(_ text: String) throws {
        let sealed = try SecretBox(
            masterKey: Secret("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        )
        .seal(secret, for: "a")

        #expect(try SecretBox(masterKey: Secret(text)).open(sealed, for: "a") == secret)
    }

    @Test(arguments: ["", "short", "AAECAwQ=", String(repeating: "0", count: 63), String(repeating: "g", count: 64)])
    func `a master key of another form is refused without being shown`(_ text: String) {
        let error = #expect(throws: SecretBox.Failure.masterKeyForm) { try SecretBox(masterKey: Secret(text)) }

        #expect(text.isEmpty || error?.description.contains(text) == false)
    }

    @Test func `a box prints no key`() throws {
        var dumped = ""
        dump(try SecretBox(masterKey: key), to: &dumped)

        #expect(!dumped.contains("0f0f"))
        #expect(String(describing: secret) == "•••")
        #expect(String(reflecting: [secret]) == "[•••]")
    }
}
