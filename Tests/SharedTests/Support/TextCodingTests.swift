import Testing

@testable import Shared

@Suite struct TextCodingTests {
    @Test func `hexadecimal digits stand for bytes in any case and are written small`() {
        #expect([UInt8]([0x00, 0x0F, 0xA5, 0xFF]).hex == "000fa5ff")
        #expect([UInt8](hex: "000Fa5fF") == [0x00, 0x0F, 0xA5, 0xFF])
        #expect([UInt8](hex: "0") == nil)
        #expect([UInt8](hex: "0g") == nil)
        #expect([UInt8](hex: "é0") == nil)
    }

    @Test func `SHA-256 is the one of FIPS 180-4`() {
        #expect(
            Array("abc".utf8).sha256Hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `classes hold the characters of ASCII and no others`() {
        let all = UInt8.min...UInt8.max
        func text(_ isMember: (UInt8) -> Bool) -> String { String(decoding: all.filter(isMember), as: UTF8.self) }
        let (capitals, small) = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")

        #expect(text(\.isASCIIDigit) == "0123456789")
        #expect(text(\.isASCIIUppercase) == capitals)
        #expect(text(\.isASCIILowercase) == small)
        #expect(text(\.isASCIILetter) == capitals + small)
        #expect(text(\.isASCIIAlphanumeric) == "0123456789" + capitals + small)
        #expect(text { $0.hexDigitValue != nil } == "0123456789ABCDEFabcdef")
    }

    @Test func `percent encoding keeps what is unreserved`() {
        #expect(PercentEncoding.encode("aZ0-._~/ 好") == "aZ0-._~%2F%20%E5%A5%BD")
        #expect(PercentEncoding.encode("/a b", keepsSlash: true) == "/a%20b")
        #expect(PercentEncoding.decode("aZ0-._~%2f%20%E5%A5%BD+") == Array("aZ0-._~/ 好+".utf8))
    }

    @Test(arguments: ["%", "%4", "%+5", "a%zz", "%4%41"])
    func `percent encoding that is cut or has no digits is refused`(_ text: String) {
        #expect(PercentEncoding.decode(text) == nil)
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64 is the one of RFC 4648`(_ text: String, _ encoded: String) {
        let bytes = Array(text.utf8)

        #expect(Base64.encode(bytes) == encoded)
        #expect(Base64.decode(encoded) == bytes)
        #expect(Base64.encodeURL(bytes, isPadded: true) == encoded)
        #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes)
    }

    @Test func `base64url has letters of its own`() {
        #expect(Base64.encode([0xFB, 0xEF, 0xFF]) == "++//")
        #expect(Base64.encodeURL([0xFB, 0xEF, 0xFF]) == "--__")
        #expect(Base64.decodeURL("--__") == [0xFB, 0xEF, 0xFF])
        #expect(Base64.decodeURL("++//") == nil)
        #expect(Base64.decode("--__") == nil)
    }
}
